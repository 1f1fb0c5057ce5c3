/** Events on Kafka: how they are written there, and the loop that consumes them. */
@NullMarked
package dev.jubilee.events.kafka;

import org.jspecify.annotations.NullMarked;
