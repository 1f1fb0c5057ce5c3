/** Which instance delivers to whom, while instances come, go and stall. */
@NullMarked
package dev.jubilee.server.bus.delivery.shards;

import org.jspecify.annotations.NullMarked;
