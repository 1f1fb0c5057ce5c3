/** Occurrences: one run of a live event, with its own window, participants, ranking and claims. */
@NullMarked
package dev.jubilee.server.liveops.occurrences;

import org.jspecify.annotations.NullMarked;
