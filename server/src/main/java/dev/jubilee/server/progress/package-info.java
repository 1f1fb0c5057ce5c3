/**
 * Progress rules: which bus events count, for whom, and how much. Shared by live events and
 * gamification.
 */
@NullMarked
package dev.jubilee.server.progress;

import org.jspecify.annotations.NullMarked;
