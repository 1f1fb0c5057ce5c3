package dev.jubilee.server.liveops.participation;

import dev.jubilee.server.liveops.participation.Admission.Move;
import dev.jubilee.server.outbox.OutboxEvent;
import java.time.Instant;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.node.ObjectNode;

/** The events that tell of participation; their key is the player. */
final class ParticipationEvents {
    private static final String JOINED = "liveops.participant.joined";
    private static final String LEFT = "liveops.participant.left";
    private static final String COMPLETED = "liveops.participant.completed";

    private ParticipationEvents() {}

    static OutboxEvent of(Move move, Instant at) {
        return switch (move.request()) {
            case ParticipationRequest.Join join -> event(JOINED, move.after(), at);
            case ParticipationRequest.Leave leave -> event(LEFT, move.after(), at);
        };
    }

    /** Completed by hand; who completes by playing is told of in the same shape. */
    static OutboxEvent completed(Participation participation, ObjectNode progress, Instant at) {
        return new OutboxEvent(
                COMPLETED,
                participation.userId(),
                at,
                json -> {
                    identify(participation, json);
                    json.writeName("progress");
                    json.writeTree(progress);
                },
                null);
    }

    private static OutboxEvent event(String type, Participation participation, Instant at) {
        return new OutboxEvent(
                type,
                participation.userId(),
                at,
                json -> {
                    identify(participation, json);
                    json.writeStringProperty("participation_type", participation.type().text());
                },
                null);
    }

    private static void identify(Participation participation, JsonGenerator json) {
        json.writeStringProperty("event_id", participation.eventId());
        json.writeStringProperty("occurrence_id", participation.occurrenceId().toString());
        json.writeStringProperty("user_id", participation.userId());
        json.writeStringProperty("participation_id", participation.participationId().toString());
    }
}
