package dev.jubilee.events.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.EventMetadata;
import dev.jubilee.events.EventStats;
import dev.jubilee.events.EventStatsFilter;
import dev.jubilee.events.EventTracker.Status;
import dev.jubilee.events.IntegrationEvent;
import dev.jubilee.events.RetryStrategy;
import dev.jubilee.events.core.BusSettings;
import dev.jubilee.events.core.InMemoryEventBus;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class MicrometerEventTrackerTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private final AtomicReference<Instant> now =
            new AtomicReference<>(Instant.parse("2026-11-21T12:00:00Z"));
    private final InstantSource clock = now::get;
    private final PrometheusMeterRegistry prometheus =
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final MicrometerEventTracker tracker = new MicrometerEventTracker(prometheus, clock);

    @Test
    void prometheusSeesTheMetricsOfTheGuideInSeconds() {
        tracker.track(event("game.kill", Duration.ofMillis(300)));
        tracker.track(event("game.kill", Duration.ZERO), Status.RETRIED);
        tracker.track(event("game.kill", Duration.ZERO), Status.FAILED);

        assertThat(prometheus.scrape())
                .contains("events_total{status=\"processed\",type=\"game.kill\"} 1.0")
                .contains("events_total{status=\"retried\",type=\"game.kill\"} 1.0")
                .contains("events_total{status=\"failed\",type=\"game.kill\"} 1.0")
                .contains("event_latency_seconds_bucket{type=\"game.kill\",le=\"0.1\"} 0")
                .contains("event_latency_seconds_bucket{type=\"game.kill\",le=\"0.5\"} 1")
                .contains("event_latency_seconds_bucket{type=\"game.kill\",le=\"1.0\"} 1")
                .contains("event_latency_seconds_bucket{type=\"game.kill\",le=\"2.0\"} 1")
                .contains("event_latency_seconds_bucket{type=\"game.kill\",le=\"5.0\"} 1")
                .contains("event_latency_seconds_sum{type=\"game.kill\"} 0.3");
    }

    @Test
    void statisticsSumUpTheWindow() {
        for (int i = 1; i <= 99; i++) {
            tracker.track(event("game.kill", Duration.ofMillis(i)));
        }
        tracker.track(event("game.match.end", Duration.ZERO), Status.FAILED);

        EventStats stats = tracker.getStats(EventStatsFilter.last(MINUTE));

        assertThat(stats.total()).isEqualTo(100);
        assertThat(stats.byType()).isEqualTo(Map.of("game.kill", 99L, "game.match.end", 1L));
        assertThat(stats.failureRate()).isEqualTo(0.01);
        assertThat(stats.averageLatency()).isEqualTo(Duration.ofMillis(50));
        assertWithinASixteenth(stats.timeDistribution().p50(), 50);
        assertWithinASixteenth(stats.timeDistribution().p90(), 90);
        assertWithinASixteenth(stats.timeDistribution().p99(), 99);
        assertThat(tracker.getStats(EventStatsFilter.last(MINUTE).of("*.match.#")).byType())
                .containsOnlyKeys("game.match.end");
        assertThat(tracker.getLatency("game.kill")).contains(Duration.ofMillis(50));
        assertThat(tracker.getLatency("game.match.end")).isEmpty();
        assertThat(tracker.getLatency("game.unheard_of")).isEmpty();
    }

    private static void assertWithinASixteenth(Duration found, long millis) {
        assertThat(found)
                .isBetween(Duration.ofMillis(millis), Duration.ofMillis(millis + millis / 16 + 1));
    }

    @Test
    void whatIsOlderThanTheWindowIsForgotten() {
        tracker.track(event("game.kill", MINUTE));

        now.set(now.get().plus(Duration.ofMinutes(2)));

        assertThat(tracker.getStats(EventStatsFilter.last(MINUTE)).total()).isZero();
        assertThat(tracker.getStats(EventStatsFilter.last(Duration.ofMinutes(3))).total())
                .isEqualTo(1);
        now.set(now.get().plus(MicrometerEventTracker.WINDOW));
        assertThat(tracker.getStats(EventStatsFilter.last(Duration.ofDays(1))).total()).isZero();
        assertThat(tracker.getLatency("game.kill")).isEmpty();
    }

    @Test
    void typesBeyondTheBoundAreCountedTogether() {
        MicrometerEventTracker small = new MicrometerEventTracker(prometheus, clock, 2);
        for (int i = 0; i < 10; i++) {
            small.track(event("game.t" + i, Duration.ZERO));
        }

        assertThat(small.getStats(EventStatsFilter.last(MINUTE)).byType())
                .isEqualTo(Map.of("game.t0", 1L, "game.t1", 1L, MicrometerEventTracker.OTHER, 8L));
    }

    @Test
    void anEventFromTheFutureTookNoTime() {
        tracker.track(event("game.kill", Duration.ofSeconds(-5)));

        assertThat(tracker.getLatency("game.kill")).contains(Duration.ZERO);
    }

    @Test
    void anEventThatClaimsToBeOfAnotherAgeIsCountedAsTheOldest() {
        tracker.track(event("game.kill", Duration.ofDays(1_000_000)));

        assertThat(prometheus.scrape())
                .contains("events_total{status=\"processed\",type=\"game.kill\"} 1.0")
                .contains("event_latency_seconds_count{type=\"game.kill\"} 1");
        assertThat(tracker.getLatency("game.kill")).contains(Duration.ofNanos(Long.MAX_VALUE));
    }

    @Test
    void aBusTellsWhatCameOfEachEvent() {
        BusSettings settings = BusSettings.defaults().withTracker(tracker);
        try (InMemoryEventBus bus = new InMemoryEventBus(settings)) {
            bus.subscribe("game.kill", event -> {});
            EventHandler<BaseEvent> broken =
                    event -> {
                        throw new IllegalStateException("broken");
                    };
            bus.subscribe("game.death", broken.retrying(RetryStrategy.attempts(2)));
            bus.publish(event("game.kill", Duration.ZERO));
            bus.publish(event("game.death", Duration.ZERO));
        }

        assertThat(prometheus.scrape())
                .contains("events_total{status=\"processed\",type=\"game.kill\"} 1.0")
                .contains("events_total{status=\"retried\",type=\"game.death\"} 1.0")
                .contains("events_total{status=\"failed\",type=\"game.death\"} 1.0");
    }

    @Test
    void theEnvironmentTurnsItOff() {
        assertThat(MicrometerEventTracker.fromEnvironment(Map.of(), prometheus, clock)).isPresent();
        assertThat(
                        MicrometerEventTracker.fromEnvironment(
                                Map.of("EVENT_TRACKING_ENABLED", "false"), prometheus, clock))
                .isEmpty();
        assertThatThrownBy(() ->
                        MicrometerEventTracker.fromEnvironment(
                                Map.of("EVENT_TRACKING_ENABLED", "no"), prometheus, clock))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("EVENT_TRACKING_ENABLED");
    }

    private IntegrationEvent<String> event(String type, Duration age) {
        return new IntegrationEvent<>(
                "1",
                type,
                now.get().minus(age),
                0,
                EventMetadata.of("c", "test", "test"),
                "test",
                "tested",
                "payload");
    }
}
