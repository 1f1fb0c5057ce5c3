package dev.jubilee.server.bus.trace;

import dev.jubilee.server.bus.search.StoredEvent;
import java.util.List;
import java.util.Map;

/** A feature that knows what became of events. Thread-safe. */
@FunctionalInterface
public interface TraceSource {
    /**
     * The steps that the feature knows of, by event id, in order. All events of a trace are asked
     * for at once. May block.
     */
    Map<String, List<TraceStep>> of(List<StoredEvent> events);
}
