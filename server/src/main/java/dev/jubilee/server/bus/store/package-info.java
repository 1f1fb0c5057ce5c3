/**
 * The event store: every event of every topic, in PostgreSQL, exactly once; and what became of
 * each.
 */
@NullMarked
package dev.jubilee.server.bus.store;

import org.jspecify.annotations.NullMarked;
