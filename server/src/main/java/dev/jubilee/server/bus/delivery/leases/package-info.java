/** What subscribers take themselves: leased until it is acknowledged, or comes again. */
@NullMarked
package dev.jubilee.server.bus.delivery.leases;

import org.jspecify.annotations.NullMarked;
