/** Aggregates whose state is what their events amount to. */
@NullMarked
package dev.jubilee.events.aggregates;

import org.jspecify.annotations.NullMarked;
