/** Follows an event: where it came from, what became of it, what it led to. */
@NullMarked
package dev.jubilee.server.bus.trace;

import org.jspecify.annotations.NullMarked;
