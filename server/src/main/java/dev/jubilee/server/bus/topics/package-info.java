/** Topics: what may be published to. A row in PostgreSQL and a topic in Kafka, both or neither. */
@NullMarked
package dev.jubilee.server.bus.topics;

import org.jspecify.annotations.NullMarked;
