/** Events over Redis: Pub/Sub for those who are there, Streams where delivery must survive. */
@NullMarked
package dev.jubilee.events.redis;

import org.jspecify.annotations.NullMarked;
