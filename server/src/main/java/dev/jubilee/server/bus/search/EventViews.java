package dev.jubilee.server.bus.search;

import dev.jubilee.server.bus.store.EventStatuses;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Shows stored events together with what became of them. Blocks. Thread-safe. */
public final class EventViews {
    private final EventStatuses eventStatuses;

    public EventViews(EventStatuses eventStatuses) {
        this.eventStatuses = eventStatuses;
    }

    /** These events, in this order; one query for all of them. */
    public List<EventView> of(List<StoredEvent> events) {
        Map<String, EventStatuses.Outcome> found =
                eventStatuses.of(
                        events.stream()
                                .map(e ->
                                        new EventStatuses.Place(
                                                e.eventId(),
                                                e.topic(),
                                                e.partition(),
                                                e.offset(),
                                                e.acceptedAt()))
                                .toList());
        return events.stream().map(event -> view(event, found.get(event.eventId()))).toList();
    }

    private static EventView view(StoredEvent event, EventStatuses.@Nullable Outcome outcome) {
        return EventView.of(
                outcome == null ? event : event.with(outcome.status(), outcome.retries()));
    }
}
