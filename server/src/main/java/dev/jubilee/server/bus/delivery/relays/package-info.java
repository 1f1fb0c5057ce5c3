/** Writes what subscriptions are owed to topics of Kafka, each event once. */
@NullMarked
package dev.jubilee.server.bus.delivery.relays;

import org.jspecify.annotations.NullMarked;
