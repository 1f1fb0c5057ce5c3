/** Which topics a subscription may have delivered, and when one of them opens to it. */
@NullMarked
package dev.jubilee.server.bus.delivery.chores;

import org.jspecify.annotations.NullMarked;
