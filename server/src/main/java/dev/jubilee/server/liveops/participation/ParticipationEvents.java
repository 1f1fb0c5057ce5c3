package dev.jubilee.server.liveops.participation;

import dev.jubilee.server.liveops.participation.Admission.Move;
import dev.jubilee.server.outbox.OutboxEvent;
import java.time.Instant;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The events that tell of participation; their key is the player. */
final class ParticipationEvents {
    private static final String JOINED = "liveops.participant.joined";
    private static final String LEFT = "liveops.participant.left";
    private static final String COMPLETED = "liveops.participant.completed";

    private ParticipationEvents() {}

    static OutboxEvent of(Move move, Instant at) {
        return switch (move.request()) {
            case Request.Join join -> event(JOINED, move.after(), at);
            case Request.Leave leave -> event(LEFT, move.after(), at);
        };
    }

    static OutboxEvent completed(Participation participation, Instant at) {
        return event(COMPLETED, participation, at);
    }

    private static OutboxEvent event(String type, Participation participation, Instant at) {
        ObjectNode data =
                JsonNodeFactory.instance
                        .objectNode()
                        .put("event_id", participation.eventId())
                        .put("occurrence_id", participation.occurrenceId().toString())
                        .put("user_id", participation.userId())
                        .put("participation_id", participation.participationId().toString())
                        .put("participation_type", participation.type().text());
        return new OutboxEvent(type, participation.userId(), at, data, null);
    }
}
