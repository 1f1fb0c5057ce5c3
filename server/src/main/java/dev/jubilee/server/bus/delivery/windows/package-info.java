/** How much of what is owed may be in memory, for one subscriber and for all. */
@NullMarked
package dev.jubilee.server.bus.delivery.windows;

import org.jspecify.annotations.NullMarked;
