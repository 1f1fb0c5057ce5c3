/** Which topics the owner of a subscription may receive, and when one opens to it. */
@NullMarked
package dev.jubilee.server.bus.delivery.clearance;

import org.jspecify.annotations.NullMarked;
