/**
 * Deliveries that are owed: their rows in {@code bus.pending_deliveries}, how those that wait are
 * read, and how instances are told that something waits.
 */
@NullMarked
package dev.jubilee.server.bus.delivery.pending;

import org.jspecify.annotations.NullMarked;
