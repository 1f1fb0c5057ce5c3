/** The event store on Redis. */
@NullMarked
package dev.jubilee.events.redis.store;

import org.jspecify.annotations.NullMarked;
