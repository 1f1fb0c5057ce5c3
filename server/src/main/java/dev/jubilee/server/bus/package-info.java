/** The event bus: topics, publishing, the event store. Knows nothing of live-ops. */
@NullMarked
package dev.jubilee.server.bus;

import org.jspecify.annotations.NullMarked;
