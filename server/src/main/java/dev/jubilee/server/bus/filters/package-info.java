/** Filters over events, as Amazon EventBridge writes them: compiled once, explained on request. */
@NullMarked
package dev.jubilee.server.bus.filters;

import org.jspecify.annotations.NullMarked;
