package dev.jubilee.server.bus.store;

import java.time.Instant;

/**
 * The status of an event.
 *
 * @param timestamp when it happened, by its publisher's word
 * @param processedAt when it was stored
 */
public record EventStatus(
        String eventId,
        String status,
        int partition,
        long offset,
        int retryCount,
        Instant timestamp,
        Instant processedAt) {}
