/** The event store on PostgreSQL: streams, one gap-safe order, checkpoints and people's keys. */
@NullMarked
package dev.jubilee.events.postgres.store;

import org.jspecify.annotations.NullMarked;
