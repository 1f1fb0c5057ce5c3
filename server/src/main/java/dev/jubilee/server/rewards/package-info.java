/**
 * Reward rules and grants: what can be earned, and what one player earned. Shared by live events
 * and gamification.
 */
@NullMarked
package dev.jubilee.server.rewards;

import org.jspecify.annotations.NullMarked;
