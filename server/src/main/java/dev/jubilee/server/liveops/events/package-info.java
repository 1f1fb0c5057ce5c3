/**
 * Live events: what live-ops people plan, the states they pass through, and the clock that moves
 * them on.
 */
@NullMarked
package dev.jubilee.server.liveops.events;

import org.jspecify.annotations.NullMarked;
