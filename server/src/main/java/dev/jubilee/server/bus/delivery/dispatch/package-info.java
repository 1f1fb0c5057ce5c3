/**
 * Decides what is pushed when: order, batches, rates, retries, circuits, and which deliveries stay
 * in memory.
 */
@NullMarked
package dev.jubilee.server.bus.delivery.dispatch;

import org.jspecify.annotations.NullMarked;
