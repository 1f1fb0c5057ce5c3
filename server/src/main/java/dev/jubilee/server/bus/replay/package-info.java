/** Replays: events of the past, once more, to where somebody wants them. */
@NullMarked
package dev.jubilee.server.bus.replay;

import org.jspecify.annotations.NullMarked;
