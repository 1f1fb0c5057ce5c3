/** Brings subscriptions the events that were in Kafka before routing knew them. */
@NullMarked
package dev.jubilee.server.bus.delivery.catchup;

import org.jspecify.annotations.NullMarked;
