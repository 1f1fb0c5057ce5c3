/** Reward rules of live events: what can be earned, and when. */
@NullMarked
package dev.jubilee.server.rewards;

import org.jspecify.annotations.NullMarked;
