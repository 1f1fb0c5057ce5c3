/** Progress rules of live events: which bus events count, for whom, and how much. */
@NullMarked
package dev.jubilee.server.progress;

import org.jspecify.annotations.NullMarked;
