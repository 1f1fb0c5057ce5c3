package dev.jubilee.server.liveops.events;

import dev.jubilee.server.liveops.occurrences.Occurrence;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One occurrence, as far as a transaction that writes to it must know it.
 *
 * @param startsAt far in the future when it waits for an admin to start it
 */
record OccurrenceRow(
        UUID occurrenceId,
        String eventId,
        int number,
        Instant startsAt,
        @Nullable Instant endsAt,
        Occurrence.Status status,
        int maxParticipants) {}
