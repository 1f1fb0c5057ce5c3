/** Publishing: from a request, or a call in the process, to Kafka's acknowledgement. */
@NullMarked
package dev.jubilee.server.bus.publish;

import org.jspecify.annotations.NullMarked;
