/** Which topics a subscription may have delivered, and when one of them opens to it. */
@NullMarked
package dev.jubilee.server.bus.delivery.clearance;

import org.jspecify.annotations.NullMarked;
