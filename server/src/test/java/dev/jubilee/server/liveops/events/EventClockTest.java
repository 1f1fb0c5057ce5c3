package dev.jubilee.server.liveops.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.liveops.events.EventsInstance.Answer;
import dev.jubilee.server.liveops.occurrences.EndOffsets;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class EventClockTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final UUID TOPIC = UUID.randomUUID();

    @Test
    void theClockWakesByItselfWhenSomethingIsDue() {
        InstantSource system = InstantSource.system();
        try (EventsInstance here = new EventsInstance(platform, system)) {
            here.feature.start();
            create(here, "alone", system.instant().plusSeconds(2), Duration.ofHours(1));
            Await.until("it is active", () -> status(here, "alone").equals("active"));
        }
    }

    @Test
    void theClockLooksAtTheTimeWhenSomethingChanges() {
        try (EventsInstance here = new EventsInstance(platform)) {
            here.feature.start();
            create(here, "awake", Duration.ofMinutes(10), Duration.ofHours(1));
            platform.clock().advance(Duration.ofMinutes(11));
            // The time of this test does not pass by itself.
            create(here, "other", Duration.ofHours(10), Duration.ofHours(1));
            Await.until("it is active", () -> status(here, "awake").equals("active"));
            platform.clock().advance(Duration.ofHours(2));
            here.admin("PUT", "/events/other", "{\"name\": \"Other\"}");
            Await.until("it is closing", () -> run(here, "awake").startsWith("closing"));
        }
    }

    @Test
    void anEventThatCameAndWentWhileThePlatformWasDownGoesThroughItsStatesInOrder() {
        try (EventsInstance before = new EventsInstance(platform)) {
            create(before, "missed", Duration.ofHours(1), Duration.ofHours(1));
        }
        platform.clock().advance(Duration.ofDays(2));
        try (EventsInstance after = new EventsInstance(platform)) {
            after.feature.tick();
            assertThat(run(after, "missed")).startsWith("closing");
            assertThat(after.told("missed"))
                    .containsExactly(
                            "liveops.event.created",
                            "liveops.event.scheduled",
                            "liveops.event.activated",
                            "liveops.event.closing");
        }
    }

    @Test
    void manyClocksMakeEachTransitionOnce() throws Exception {
        try (EventsInstance one = new EventsInstance(platform);
                EventsInstance two = new EventsInstance(platform);
                ExecutorService threads = Executors.newFixedThreadPool(4)) {
            for (int i = 0; i < 20; i++) {
                create(one, "raced_" + i, Duration.ofMinutes(1), Duration.ofMinutes(1));
            }
            platform.clock().advance(Duration.ofMinutes(5));
            CyclicBarrier barrier = new CyclicBarrier(4);
            List<Callable<Integer>> ticks = new ArrayList<>();
            for (EventsInstance instance : List.of(one, two, one, two)) {
                ticks.add(() -> {
                    barrier.await();
                    return instance.feature.tick();
                });
            }
            for (Future<Integer> tick : threads.invokeAll(ticks)) {
                tick.get();
            }
            for (int i = 0; i < 20; i++) {
                assertThat(one.told("raced_" + i))
                        .containsExactly(
                                "liveops.event.created",
                                "liveops.event.scheduled",
                                "liveops.event.activated",
                                "liveops.event.closing");
            }
        }
    }

    @Test
    void oneThatCannotStartHoldsUpNoOther() throws Exception {
        try (EventsInstance here = new EventsInstance(platform)) {
            create(here, "stuck", Duration.ofMinutes(1), Duration.ofHours(1));
            create(here, "behind", Duration.ofMinutes(2), Duration.ofHours(1));
            platform.clock().advance(Duration.ofMinutes(5));
            sql(
                    """
                    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN RAISE EXCEPTION 'refused'; END $$;
                    CREATE TRIGGER refusal BEFORE UPDATE ON liveops.occurrences FOR EACH ROW
                    WHEN (new.event_id = 'stuck') EXECUTE FUNCTION refuse();\
                    """);

            try {
                here.feature.tick();

                assertThat(run(here, "behind")).isEqualTo("active null");
                assertThat(run(here, "stuck")).isEqualTo("scheduled null");
            } finally {
                sql("DROP TRIGGER refusal ON liveops.occurrences");
            }
            here.feature.tick();
            assertThat(run(here, "stuck")).isEqualTo("active null");
        }
    }

    @Test
    void whatIsPutOffWhileTheClockComesIsNotStarted() throws Exception {
        try (EventsInstance here = new EventsInstance(platform)) {
            create(here, "put_off", Duration.ofMinutes(1), Duration.ofHours(1));
            platform.clock().advance(Duration.ofMinutes(2));
            CompletableFuture<Integer> tick;
            try (Connection admin = platform.connection();
                    Statement statement = admin.createStatement()) {
                admin.setAutoCommit(false);
                statement.execute(
                        """
                        UPDATE liveops.occurrences SET starts_at = starts_at + interval '1 hour'
                         WHERE event_id = 'put_off'
                        """);
                tick = CompletableFuture.supplyAsync(here.feature::tick);
                Await.until("the clock waits", () -> isAnyoneWaiting(here));
                admin.commit();
            }
            tick.join();
            assertThat(run(here, "put_off")).isEqualTo("scheduled null");
        }
    }

    private static boolean isAnyoneWaiting(EventsInstance here) {
        return !here.texts(
                        """
                        SELECT pid::text FROM pg_stat_activity
                         WHERE datname = current_database() AND wait_event_type = ?
                        """,
                        "Lock")
                .isEmpty();
    }

    @Test
    void theEndsAreNotedOnceTheBusAnswersAgain() {
        AtomicBoolean down = new AtomicBoolean(true);
        EndOffsets flaky =
                end -> {
                    if (down.get()) {
                        throw new IllegalStateException("the bus is down");
                    }
                    return Optional.of(
                            List.of(new EndOffsets.PartitionEnd("game.events", TOPIC, 0, 7)));
                };
        try (EventsInstance here = new EventsInstance(platform, Map.of(), flaky)) {
            create(here, "unheard", Duration.ofHours(-2), Duration.ofHours(1));
            assertThatThrownBy(here.feature::tick).hasMessage("the bus is down");
            assertThat(run(here, "unheard")).isEqualTo("closing null");
            down.set(false);
            here.feature.tick();
            assertThat(run(here, "unheard")).startsWith("closing [");
        }
    }

    @Test
    void withoutAutomaticStartAndEndAnAdminDoesBoth() {
        Map<String, String> byHand =
                Map.of("AUTO_START_EVENTS", "false", "AUTO_END_EVENTS", "false");
        try (EventsInstance here =
                new EventsInstance(platform, byHand, end -> Optional.of(List.of()))) {
            create(here, "by_hand", Duration.ofMinutes(-1), Duration.ofMinutes(10));
            here.feature.tick();
            assertThat(status(here, "by_hand")).isEqualTo("scheduled");
            here.admin("PUT", "/events/by_hand", "{\"status\": \"active\"}");
            platform.clock().advance(Duration.ofHours(1));
            here.feature.tick();
            assertThat(status(here, "by_hand")).isEqualTo("active");
            here.admin("POST", "/events/by_hand/complete", "");
            assertThat(run(here, "by_hand")).startsWith("closing");
        }
    }

    private static void create(EventsInstance here, String id, Duration start, Duration length) {
        create(here, id, platform.clock().instant().plus(start), length);
    }

    private static void create(EventsInstance here, String id, Instant from, Duration length) {
        Answer answer =
                here.admin(
                        "POST",
                        "/events",
                        "{\"event_id\": \"%s\", \"name\": \"%s\", \"event_type\": \"dynamic\", \"start_time\": \"%s\", \"end_time\": \"%s\"}"
                                .formatted(id, id, from, from.plus(length)));
        assertThat(answer.status()).as(answer.body().toString()).isEqualTo(201);
    }

    private static void sql(String text) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(text);
        }
    }

    private static String status(EventsInstance here, String id) {
        return here.get("/events/" + id).text("/event_info/status");
    }

    private static String run(EventsInstance here, String id) {
        return here.texts(
                        "SELECT status || ' ' || coalesce(end_offsets::text, 'null')"
                                + " FROM liveops.occurrences WHERE event_id = ?",
                        id)
                .getFirst();
    }

    @Test
    void whatIsOverdueInMemoryAloneIsNotLookedAtWithoutAPause() throws SQLException {
        try (EventsInstance here = new EventsInstance(platform)) {
            create(here, "stale", Duration.ofMinutes(-1), Duration.ofMinutes(10));
            sql("UPDATE liveops.occurrences SET status = 'completed' WHERE event_id = 'stale'");
            platform.clock().advance(Duration.ofMinutes(20));
            EndOffsets ends = end -> Optional.of(List.of());
            try (EventClock clock =
                    new EventClock(
                            here.database,
                            here.occurrences,
                            ends,
                            platform.clock(),
                            Duration.ofMinutes(1),
                            event -> {})) {
                assertThat(clock.untilNext(0)).isEqualTo(Duration.ofMillis(50));
                assertThat(clock.untilNext(1)).isNegative();
            }
        }
    }
}
