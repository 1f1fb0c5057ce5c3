package dev.jubilee.events.micrometer;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.EventStats;
import dev.jubilee.events.EventStatsFilter;
import dev.jubilee.events.EventTracker;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Counts events in a Micrometer registry and in a window of its own.
 *
 * <p>In Prometheus: {@code events_total{type,status}} ({@code processed}, {@code retried}, {@code
 * failed}) and {@code event_latency_seconds{type}} with buckets at 0.1, 0.5, 1, 2 and 5 seconds, of
 * the time from an event's timestamp to the end of its handling. {@link #getStats} knows the last
 * five minutes, in steps of 25 seconds. An event from the future, by another machine's clock, has a
 * latency of 0, one that claims to be older than 292 years has that.
 *
 * <p>At most so many types are told apart, the first ones seen; the rest is counted as the type
 * {@value #OTHER}. Thread-safe.
 */
public final class MicrometerEventTracker implements EventTracker {
    /** What types beyond the bound are counted as. */
    public static final String OTHER = "other";

    /** How far back {@link #getStats} and {@link #getLatency} know. */
    public static final Duration WINDOW = Duration.ofMinutes(5);

    private static final int MOST_TYPES = 200;
    private static final Duration[] BUCKETS = {
        Duration.ofMillis(100),
        Duration.ofMillis(500),
        Duration.ofSeconds(1),
        Duration.ofSeconds(2),
        Duration.ofSeconds(5)
    };

    private final MeterRegistry registry;
    private final InstantSource clock;
    private final int mostTypes;
    private final Map<String, Tracked> types = new ConcurrentHashMap<>();

    private record Tracked(
            Counter processed,
            Counter retried,
            Counter failed,
            Timer latency,
            RecentEvents recent) {}

    /** Tells 200 types apart. */
    public MicrometerEventTracker(MeterRegistry registry, InstantSource clock) {
        this(registry, clock, MOST_TYPES);
    }

    /** Tells so many types apart. */
    public MicrometerEventTracker(MeterRegistry registry, InstantSource clock, int mostTypes) {
        if (mostTypes < 1) {
            throw new IllegalArgumentException("'mostTypes' must be 1 or more, was " + mostTypes);
        }
        this.registry = registry;
        this.clock = clock;
        this.mostTypes = mostTypes;
    }

    /**
     * A tracker, unless {@code EVENT_TRACKING_ENABLED} (true) says no.
     *
     * @throws IllegalArgumentException if it says neither true nor false
     */
    public static Optional<EventTracker> fromEnvironment(
            Map<String, String> environment, MeterRegistry registry, InstantSource clock) {
        String enabled = environment.getOrDefault("EVENT_TRACKING_ENABLED", "true");
        return switch (enabled) {
            case "true" -> Optional.of(new MicrometerEventTracker(registry, clock));
            case "false" -> Optional.empty();
            default ->
                    throw new IllegalArgumentException(
                            "EVENT_TRACKING_ENABLED must be true or false, was '" + enabled + "'");
        };
    }

    @Override
    public void track(BaseEvent event, Status status) {
        track(event.type(), event.timestamp(), status);
    }

    /**
     * This came of handling an event of this type and time, for those who have nothing else of it.
     */
    public void track(String type, Instant timestamp, Status status) {
        Tracked tracked = tracked(type);
        switch (status) {
            case PROCESSED -> {
                Duration counted =
                        LatencyHistogram.bounded(Duration.between(timestamp, clock.instant()));
                tracked.processed.increment();
                tracked.latency.record(counted);
                tracked.recent.handled(clock.millis(), counted);
            }
            case RETRIED -> tracked.retried.increment();
            case FAILED -> {
                tracked.failed.increment();
                tracked.recent.failed(clock.millis());
            }
        }
    }

    @Override
    public EventStats getStats(EventStatsFilter filter) {
        RecentEvents.Sum all = new RecentEvents.Sum();
        Map<String, Long> byType = new HashMap<>();
        types.forEach((type, tracked) -> {
            if (filter.types().matches(type)) {
                RecentEvents.Sum sum = tracked.recent.sum(clock.millis(), filter.window());
                if (sum.total() > 0) {
                    byType.put(type, sum.total());
                    all.add(sum);
                }
            }
        });
        return new EventStats(
                all.total(),
                byType,
                all.total() == 0 ? 0 : (double) all.failed / all.total(),
                all.handled.average(),
                new EventStats.TimeDistribution(
                        all.handled.quantile(0.5),
                        all.handled.quantile(0.9),
                        all.handled.quantile(0.99)));
    }

    @Override
    public Optional<Duration> getLatency(String eventType) {
        Tracked tracked = types.get(eventType);
        if (tracked == null) {
            return Optional.empty();
        }
        LatencyHistogram handled = tracked.recent.sum(clock.millis(), WINDOW).handled;
        return handled.total() == 0 ? Optional.empty() : Optional.of(handled.average());
    }

    private Tracked tracked(String type) {
        Tracked known = types.get(type);
        return known != null ? known : newType(type);
    }

    /** One at a time, so that the bound holds. */
    private synchronized Tracked newType(String type) {
        boolean room = types.containsKey(type) || types.size() < mostTypes;
        return types.computeIfAbsent(room ? type : OTHER, this::register);
    }

    private Tracked register(String type) {
        return new Tracked(
                counter(type, "processed"),
                counter(type, "retried"),
                counter(type, "failed"),
                Timer.builder("event.latency")
                        .description("From an event's timestamp to the end of its handling")
                        .tag("type", type)
                        .serviceLevelObjectives(BUCKETS)
                        .register(registry),
                new RecentEvents(WINDOW));
    }

    private Counter counter(String type, String status) {
        return Counter.builder("events")
                .description("What came of events")
                .tag("type", type)
                .tag("status", status)
                .register(registry);
    }
}
