/** How an event is known that the bus sent on from one topic to another. */
@NullMarked
package dev.jubilee.server.forwarding;

import org.jspecify.annotations.NullMarked;
