/** Live-ops, put together: live events, who takes part in them, what they earn. */
@NullMarked
package dev.jubilee.server.liveops;

import org.jspecify.annotations.NullMarked;
