/** Deliveries that were given up: read, edited, dropped, redriven, and copied to a topic. */
@NullMarked
package dev.jubilee.server.bus.delivery.deadletters;

import org.jspecify.annotations.NullMarked;
