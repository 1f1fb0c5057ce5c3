/** Deliveries that subscribers take themselves: leased until acknowledged, or due again. */
@NullMarked
package dev.jubilee.server.bus.delivery.leases;

import org.jspecify.annotations.NullMarked;
