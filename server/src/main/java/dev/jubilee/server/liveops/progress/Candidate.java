package dev.jubilee.server.liveops.progress;

import dev.jubilee.events.IdOrigin;
import dev.jubilee.server.conditions.Scope.EventView;
import java.time.Instant;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * An event that may count for a player in an occurrence.
 *
 * @param at when the bus took the event over, to the microsecond as PostgreSQL keeps it
 * @param payload null when no rule looks into it
 */
record Candidate(
        ConsumerRecord<byte[], byte[]> record,
        RuleIndex.Binding binding,
        String eventId,
        IdOrigin idOrigin,
        String userId,
        Instant at,
        EventView view,
        @Nullable Payload payload) {
    /** A player in an occurrence. */
    record Seat(UUID occurrenceId, String userId) {}

    /** The payload that the rules look into; null when none does. */
    @Nullable JsonNode data() {
        return payload == null ? null : payload.tree();
    }

    Seat seat() {
        return new Seat(binding.occurrence().occurrenceId(), userId);
    }

    /** The id of an event that could come twice; null when it cannot. */
    @Nullable Counted ledgerKey() {
        return idOrigin == IdOrigin.SERVER
                ? null
                : new Counted(binding.occurrence().occurrenceId(), eventId);
    }

    /** That an event has counted for an occurrence. */
    record Counted(UUID occurrenceId, String eventId) {}
}
