/**
 * Decides what is pushed when: order, batches, rates, retries, circuits, and what memory is for.
 */
@NullMarked
package dev.jubilee.server.bus.delivery.dispatch;

import org.jspecify.annotations.NullMarked;
