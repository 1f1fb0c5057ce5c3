/** Deliveries that are streamed to subscribers over connections that stay open. */
@NullMarked
package dev.jubilee.server.bus.delivery.streams;

import org.jspecify.annotations.NullMarked;
