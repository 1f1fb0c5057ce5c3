/** Bounds the deliveries in memory, for one subscription and for all. */
@NullMarked
package dev.jubilee.server.bus.delivery.windows;

import org.jspecify.annotations.NullMarked;
