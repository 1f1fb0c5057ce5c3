package dev.jubilee.events.tck;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.EventMetadata;
import dev.jubilee.events.EventStats;
import dev.jubilee.events.EventStatsFilter;
import dev.jubilee.events.EventTracker;
import dev.jubilee.events.EventTracker.Status;
import dev.jubilee.events.IntegrationEvent;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What those who ask a tracker may rely on. It must know at least the last minute, and quantiles to
 * a tenth of their value.
 */
@SuppressWarnings("NullAway.Init") // made anew before each test
public abstract class EventTrackerContract {
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final int MANY_TYPES = 3_000;

    private final AtomicReference<Instant> now =
            new AtomicReference<>(Instant.parse("2026-11-21T12:00:00Z"));
    private EventTracker tracker;

    /** A tracker that was told of nothing yet, by this clock. */
    protected abstract EventTracker open(InstantSource clock);

    @BeforeEach
    final void openTracker() {
        tracker = open(now::get);
    }

    @Test
    void whoWasToldNothingKnowsNothing() {
        EventStats stats = stats();

        assertThat(stats.total()).isZero();
        assertThat(stats.byType()).isEmpty();
        assertThat(stats.failureRate()).isZero();
        assertThat(stats.averageLatency()).isZero();
        assertThat(stats.timeDistribution().p99()).isZero();
        assertThat(tracker.getLatency("game.kill")).isEmpty();
    }

    @Test
    void whatWasHandledAndWhatFailedIsCountedByType() {
        tracker.track(event("game.kill", 10));
        tracker.track(event("game.kill", 20), Status.PROCESSED);
        tracker.track(event("game.kill", 0), Status.FAILED);
        tracker.track(event("game.match.end", 0), Status.FAILED);

        assertThat(stats().total()).isEqualTo(4);
        assertThat(stats().byType()).isEqualTo(Map.of("game.kill", 3L, "game.match.end", 1L));
        assertThat(stats().failureRate()).isEqualTo(0.5);
    }

    @Test
    void anAttemptThatIsFollowedByAnotherDoesNotCount() {
        tracker.track(event("game.kill", 10), Status.RETRIED);
        tracker.track(event("game.kill", 20));

        assertThat(stats().total()).isEqualTo(1);
        assertThat(stats().failureRate()).isZero();
        assertThat(stats().averageLatency()).isEqualTo(Duration.ofMillis(20));
    }

    @Test
    void latenciesAreThoseOfWhatWasHandled() {
        for (int i = 1; i <= 100; i++) {
            tracker.track(event("game.kill", i));
        }
        tracker.track(event("game.kill", 60_000), Status.FAILED);

        EventStats stats = stats();
        assertThat(stats.averageLatency()).isBetween(Duration.ofMillis(50), Duration.ofMillis(51));
        assertAbout(stats.timeDistribution().p50(), 50);
        assertAbout(stats.timeDistribution().p90(), 90);
        assertAbout(stats.timeDistribution().p99(), 99);
        assertThat(tracker.getLatency("game.kill")).contains(stats.averageLatency());
    }

    private static void assertAbout(Duration found, long millis) {
        assertThat(found)
                .isBetween(Duration.ofMillis(millis * 9 / 10), Duration.ofMillis(millis * 11 / 10));
    }

    @Test
    void aFilterSelectsTypesByTheirPattern() {
        tracker.track(event("game.kill", 10));
        tracker.track(event("game.match.end", 30));

        EventStats stats = tracker.getStats(EventStatsFilter.last(MINUTE).of("game.match.#"));

        assertThat(stats.byType()).isEqualTo(Map.of("game.match.end", 1L));
        assertThat(stats.total()).isEqualTo(1);
        assertThat(stats.averageLatency()).isEqualTo(Duration.ofMillis(30));
        assertThat(tracker.getLatency("game.kill")).contains(Duration.ofMillis(10));
        assertThat(tracker.getLatency("game.#")).as("a type, no pattern").isEmpty();
    }

    @Test
    void aTypeThatOnlyFailedHasNoLatency() {
        tracker.track(event("game.kill", 10), Status.FAILED);

        assertThat(tracker.getLatency("game.kill")).isEmpty();
    }

    @Test
    void whatIsLongAgoIsForgotten() {
        tracker.track(event("game.kill", 10));

        now.set(now.get().plus(Duration.ofDays(1)));

        assertThat(stats().total()).isZero();
        assertThat(stats().byType()).isEmpty();
        assertThat(tracker.getLatency("game.kill")).isEmpty();
        tracker.track(event("game.kill", 10));
        assertThat(stats().total()).isEqualTo(1);
    }

    @Test
    void whatClaimsToBeOfTheFutureOrOfAnotherAgeIsCounted() {
        tracker.track(eventAt(now.get().plusSeconds(5)));
        tracker.track(eventAt(Instant.MAX));
        assertThat(stats().averageLatency()).isZero();

        tracker.track(eventAt(Instant.MIN));
        assertThat(stats().total()).isEqualTo(3);
        assertThat(stats().averageLatency()).isPositive();
        assertThat(stats().timeDistribution().p99()).isPositive();
    }

    @Test
    void howManyTypesThereAreIsBoundedAndNoEventIsLost() {
        for (int i = 0; i < MANY_TYPES; i++) {
            tracker.track(event("game.t" + i, 1));
        }

        assertThat(stats().total()).isEqualTo(MANY_TYPES);
        assertThat(stats().byType()).hasSizeLessThan(MANY_TYPES / 2);
    }

    @Test
    void whatManyThreadsTellIsAllCounted() throws Exception {
        Threads.together(
                6,
                thread -> {
                    for (int i = 0; i < 500; i++) {
                        tracker.track(
                                event("game.t" + i % 3, 1),
                                i % 5 == 0 ? Status.FAILED : Status.PROCESSED);
                    }
                });

        assertThat(stats().total()).isEqualTo(3_000);
        assertThat(stats().byType()).hasSize(3);
        assertThat(stats().failureRate()).isEqualTo(0.2);
    }

    private EventStats stats() {
        return tracker.getStats(EventStatsFilter.last(MINUTE));
    }

    private IntegrationEvent<String> event(String type, long millisOld) {
        return event(type, now.get().minusMillis(millisOld));
    }

    private static IntegrationEvent<String> eventAt(Instant time) {
        return event("game.kill", time);
    }

    private static IntegrationEvent<String> event(String type, Instant time) {
        EventMetadata metadata = EventMetadata.of("c", "tck", "test");
        return new IntegrationEvent<>("1", type, time, 0, metadata, "tck", "tested", "payload");
    }
}
