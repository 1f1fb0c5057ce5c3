package dev.jubilee.server.bus.trace;

import dev.jubilee.server.bus.search.EventPage;
import dev.jubilee.server.bus.search.StoredEvent;
import dev.jubilee.server.bus.search.StoredEvents;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Gathers an event, what led to it, what it led to and what belongs to it, each with what became of
 * it. Blocks. Thread-safe.
 */
public final class Traces {
    /** How an event of a trace stands to the one that was asked for. */
    enum Relation {
        SELF,
        CAUSE,
        EFFECT,
        CORRELATED
    }

    /**
     * One event of a trace.
     *
     * @param steps in order of time
     */
    record Traced(StoredEvent event, Relation relation, List<TraceStep> steps) {}

    /**
     * A trace, in order of acceptance.
     *
     * @param truncated whether there is more than it shows
     */
    record Trace(StoredEvent event, List<Traced> events, boolean truncated) {}

    private static final int MAX_EVENTS = 500;
    private static final int MAX_CAUSES = 50;

    /** Of causes, of effects, and of what is correlated; the last of each may reach beyond. */
    private static final int MAX_BYTES = 2 << 20;

    private final StoredEvents store;
    private final List<TraceSource> sources = new CopyOnWriteArrayList<>();

    public Traces(StoredEvents store) {
        this.store = store;
    }

    /** Asks this feature as well. */
    public void ask(TraceSource source) {
        sources.add(source);
    }

    /**
     * The trace of an event that is stored; null when it is not.
     *
     * @param closed topics whose events neither show nor bring steps to others; whether the event
     *     itself lies in one is the caller's to look at
     */
    @Nullable Trace of(String eventId, Set<String> closed) {
        StoredEvent root = store.find(eventId);
        if (root == null) {
            return null;
        }
        Map<String, StoredEvent> events = new LinkedHashMap<>();
        Map<String, Relation> relations = new HashMap<>();
        note(root, Relation.SELF, events, relations);
        boolean truncated = causes(root, events, relations);
        truncated |= effects(root, events, relations);
        if (root.correlationId() != null) {
            EventPage page = new EventPage(MAX_EVENTS, MAX_BYTES, EventPage.Order.LATEST_FIRST);
            List<StoredEvent> found = store.correlated(root.correlationId(), page);
            truncated |= page.isFull();
            found.forEach(event -> note(event, Relation.CORRELATED, events, relations));
        }
        List<StoredEvent> all = new ArrayList<>(events.values());
        all.removeIf(event -> closed.contains(event.topic()));
        all.sort(Comparator.comparing(StoredEvent::acceptedAt).thenComparing(StoredEvent::id));
        return new Trace(root, withSteps(all, relations), truncated);
    }

    private boolean causes(
            StoredEvent root, Map<String, StoredEvent> events, Map<String, Relation> relations) {
        String cause = root.causationId();
        long size = 0;
        for (int i = 0; i < MAX_CAUSES && size < MAX_BYTES; i++) {
            if (cause == null || events.containsKey(cause)) {
                return false;
            }
            StoredEvent found = store.find(cause);
            if (found == null) {
                return false;
            }
            note(found, Relation.CAUSE, events, relations);
            size += found.payload() == null ? 0 : found.payload().length();
            cause = found.causationId();
        }
        return cause != null;
    }

    private boolean effects(
            StoredEvent root, Map<String, StoredEvent> events, Map<String, Relation> relations) {
        Collection<String> causes = List.of(root.eventId());
        EventPage page =
                new EventPage(MAX_EVENTS - events.size(), MAX_BYTES, EventPage.Order.LATEST_FIRST);
        while (!causes.isEmpty()) {
            if (page.isFull()) {
                return true;
            }
            List<String> next = new ArrayList<>();
            for (StoredEvent found : store.causedBy(causes, page)) {
                if (note(found, Relation.EFFECT, events, relations)) {
                    next.add(found.eventId());
                }
            }
            causes = next;
        }
        return page.isFull();
    }

    private static boolean note(
            StoredEvent event,
            Relation relation,
            Map<String, StoredEvent> events,
            Map<String, Relation> relations) {
        relations.putIfAbsent(event.eventId(), relation);
        return events.putIfAbsent(event.eventId(), event) == null;
    }

    private List<Traced> withSteps(List<StoredEvent> events, Map<String, Relation> relations) {
        Map<String, List<TraceStep>> steps = new HashMap<>();
        for (StoredEvent event : events) {
            List<TraceStep> own = new ArrayList<>();
            own.add(published(event));
            own.add(new TraceStep("stored", event.processedAt(), Map.of()));
            steps.put(event.eventId(), own);
        }
        for (TraceSource source : sources) {
            source.of(events)
                    .forEach((id, more) -> {
                        List<TraceStep> known = steps.get(id);
                        if (known != null) {
                            known.addAll(more);
                        }
                    });
        }
        List<Traced> traced = new ArrayList<>(events.size());
        for (StoredEvent event : events) {
            traced.add(
                    new Traced(
                            event,
                            relations.getOrDefault(event.eventId(), Relation.CORRELATED),
                            steps.getOrDefault(event.eventId(), List.of())));
        }
        return traced;
    }

    private static TraceStep published(StoredEvent event) {
        return new TraceStep(
                "published",
                event.acceptedAt(),
                Map.of(
                        "topic", event.topic(),
                        "partition", event.partition(),
                        "offset", event.offset()));
    }
}
