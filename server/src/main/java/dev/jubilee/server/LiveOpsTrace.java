package dev.jubilee.server;

import dev.jubilee.server.bus.search.StoredEvent;
import dev.jubilee.server.bus.trace.TraceSource;
import dev.jubilee.server.bus.trace.TraceStep;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.liveops.progress.EventEffects;
import dev.jubilee.server.outbox.Outbox;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * What live-ops tells of events: that they counted, and what players got for them. A reward is told
 * of by the state change that went back to the bus, which names the event that brought it about;
 * what others publish under the same type on topics of theirs is no reward.
 */
final class LiveOpsTrace implements TraceSource {
    private static final String EARNED = "liveops.reward.earned";

    private final EventEffects effects;

    LiveOpsTrace(EventEffects effects) {
        this.effects = effects;
    }

    @Override
    public Map<String, List<TraceStep>> of(List<StoredEvent> events) {
        Map<String, List<TraceStep>> steps = new HashMap<>();
        Map<String, Map<Integer, Long>> passed = effects.passed();
        for (StoredEvent event : events) {
            Long next = passed.getOrDefault(event.topic(), Map.of()).get(event.partition());
            if (next != null && next > event.offset()) {
                add(steps, event.eventId(), new TraceStep("seen_by_progress", null, Map.of()));
            }
        }
        effects.counted(events.stream().map(StoredEvent::eventId).toList())
                .forEach(counted ->
                        add(
                                steps,
                                counted.busEventId(),
                                new TraceStep(
                                        "counted",
                                        null,
                                        Map.of(
                                                "event_id", counted.liveEventId(),
                                                "occurrence_id", counted.occurrenceId()))));
        for (StoredEvent event : events) {
            TraceStep rewarded = rewarded(event);
            if (rewarded != null && event.causationId() != null) {
                add(steps, event.causationId(), rewarded);
            }
        }
        return steps;
    }

    private static @Nullable TraceStep rewarded(StoredEvent event) {
        if (!event.topic().equals(Outbox.LIVEOPS_TOPIC)
                || !event.eventType().equals(EARNED)
                || event.payload() == null) {
            return null;
        }
        try {
            JsonNode grant = Json.tree(event.payload());
            return new TraceStep("rewarded", event.timestamp(), Map.of("grant", grant));
        } catch (JacksonException e) {
            return null; // not one of live-ops, which writes JSON
        }
    }

    private static void add(Map<String, List<TraceStep>> steps, String eventId, TraceStep step) {
        steps.computeIfAbsent(eventId, id -> new ArrayList<>()).add(step);
    }
}
