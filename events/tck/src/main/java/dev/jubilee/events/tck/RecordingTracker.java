package dev.jubilee.events.tck;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.EventStats;
import dev.jubilee.events.EventStatsFilter;
import dev.jubilee.events.EventTracker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A tracker that remembers what it was told, and can be told to fail after that. Thread-safe. */
final class RecordingTracker implements EventTracker {
    private final List<String> told = new ArrayList<>();
    private volatile @Nullable Supplier<Error> failing;

    void failing(Supplier<Error> with) {
        failing = with;
    }

    @Override
    public void track(BaseEvent event, Status status) {
        synchronized (this) {
            told.add(event.id() + " " + status);
        }
        Supplier<Error> with = failing;
        if (with != null) {
            throw with.get();
        }
    }

    /** Events' ids with what came of them, in that order. */
    synchronized List<String> told() {
        return List.copyOf(told);
    }

    @Override
    public EventStats getStats(EventStatsFilter filter) {
        throw new UnsupportedOperationException("it counts nothing");
    }

    @Override
    public Optional<Duration> getLatency(String eventType) {
        return Optional.empty();
    }
}
