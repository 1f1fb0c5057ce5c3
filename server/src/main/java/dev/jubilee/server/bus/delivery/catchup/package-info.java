/** Brings subscriptions what was in Kafka before they were routed to. */
@NullMarked
package dev.jubilee.server.bus.delivery.catchup;

import org.jspecify.annotations.NullMarked;
