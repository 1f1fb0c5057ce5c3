/** What PostgreSQL does for events: group commit, and the offsets of consumers. */
@NullMarked
package dev.jubilee.events.postgres;

import org.jspecify.annotations.NullMarked;
