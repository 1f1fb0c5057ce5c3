package dev.jubilee.server.liveops.participation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.http.Page;
import dev.jubilee.server.liveops.participation.JoinResult.Joined;
import dev.jubilee.server.outbox.OutboxRelay;
import dev.jubilee.server.outbox.OutboxSettings;
import dev.jubilee.server.testing.Platform;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * How fast the lane is without HTTP, beside one transaction a join in the same run. Run it with
 * {@code -Dspeed=true}; it prints what it measured.
 */
@EnabledIfSystemProperty(named = "speed", matches = "true")
class JoinSpeedTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final int CLIENTS = 16;
    private static final int OUTSTANDING = 256;
    private static final Duration TIME = Duration.ofSeconds(6);

    @Test
    void joiningByGroupCommitAgainstOneTransactionAJoin() throws Exception {
        try (Arena arena =
                new Arena(platform, InstantSource.system(), ParticipationSettings.DEFAULT)) {
            double oneEvent = oneTransactionAJoin(arena, open(arena, "slow", 1));
            double hundred = oneTransactionAJoin(arena, open(arena, "slow-many", 100));
            report("one transaction a join, one event", oneEvent, oneEvent);
            report("one transaction a join, 100 events", hundred, hundred);
            open(arena, "warm", 1);
            joins(arena, "warm", 1);
            open(arena, "one", 1);
            report("lane, one event", joins(arena, "one", 1), oneEvent);
            open(arena, "many", 100);
            report("lane, 100 events", joins(arena, "many", 100), hundred);
            AtomicLong published = new AtomicLong();
            try (OutboxRelay relay =
                    new OutboxRelay(
                            arena.database.dataSource(),
                            (topic, events) -> {
                                published.addAndGet(events.size());
                                return CompletableFuture.completedFuture(null);
                            },
                            OutboxSettings.DEFAULT,
                            new SimpleMeterRegistry())) {
                relay.start();
                open(arena, "told", 1);
                report("lane, one event, outbox relayed", joins(arena, "told", 1), oneEvent);
                System.out.println("relayed " + published);
            }
            report("a player's events, cold clients", reads(arena), 0);
        }
    }

    private static List<UUID> open(Arena arena, String prefix, int events) {
        List<UUID> occurrences = new ArrayList<>();
        for (int i = 0; i < events; i++) {
            occurrences.add(arena.open(prefix + i, 10_000_000));
        }
        return occurrences;
    }

    private static void report(String what, double rate, double yardstick) {
        System.out.printf("%-40s %,10.0f/s  %.1f x%n", what, rate, rate / yardstick);
    }

    private static double joins(Arena arena, String prefix, int events) throws Exception {
        return closedLoop(i -> {
            var answer =
                    arena.participations.join(
                            prefix + (i % events), "p" + i, Participation.Type.MANUAL);
            return answer.thenAccept(result -> assertThat(result).isInstanceOf(Joined.class))
                    .toCompletableFuture();
        });
    }

    private static double reads(Arena arena) throws Exception {
        try (PlayerEvents events = new PlayerEvents(arena.database)) {
            return closedLoop(i ->
                    events.of("p" + (i * 7919L % 100_000), null, new Page(1, 50))
                            .toCompletableFuture());
        }
    }

    /** As many at once as clients would have under way; prints the latencies. */
    private static double closedLoop(IntFunction<CompletableFuture<?>> ask) throws Exception {
        Semaphore free = new Semaphore(OUTSTANDING);
        AtomicInteger failed = new AtomicInteger();
        long[] latencies = new long[5_000_000];
        AtomicInteger done = new AtomicInteger();
        double ownCpu = cpu(ProcessHandle.current());
        double serversCpu = cpuOfServers();
        long start = System.nanoTime();
        int asked = 0;
        while (System.nanoTime() - start < TIME.toNanos()) {
            free.acquire();
            long at = System.nanoTime();
            var _ =
                    ask.apply(asked++)
                            .whenComplete((answer, failure) -> {
                                latencies[done.getAndIncrement()] = System.nanoTime() - at;
                                if (failure != null) {
                                    failed.incrementAndGet();
                                }
                                free.release();
                            });
        }
        free.acquire(OUTSTANDING);
        double seconds = (System.nanoTime() - start) / 1e9;
        assertThat(failed).hasValue(0);
        int n = done.get();
        Arrays.sort(latencies, 0, n);
        System.out.printf(
                "  p50 %.1f ms  p99 %.1f ms  max %.1f ms; CPU of this program %.1f us, of servers %.1f us each%n",
                latencies[n / 2] / 1e6,
                latencies[n * 99 / 100] / 1e6,
                latencies[n - 1] / 1e6,
                (cpu(ProcessHandle.current()) - ownCpu) / n * 1e6,
                (cpuOfServers() - serversCpu) / n * 1e6);
        return n / seconds;
    }

    private static double cpu(ProcessHandle process) {
        return process.info().totalCpuDuration().orElse(Duration.ZERO).toNanos() / 1e9;
    }

    private static double cpuOfServers() {
        return ProcessHandle.current().descendants().mapToDouble(JoinSpeedTest::cpu).sum();
    }

    private static double oneTransactionAJoin(Arena arena, List<UUID> occurrences)
            throws Exception {
        AtomicInteger joined = new AtomicInteger();
        long start = System.nanoTime();
        try (ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                running.add(
                        clients.submit(() -> {
                            joinOneByOne(occurrences, joined, start);
                            return null;
                        }));
            }
            for (Future<?> one : running) {
                one.get();
            }
        }
        assertThat(arena.counter(occurrences.getFirst())).isPositive();
        return joined.get() / ((System.nanoTime() - start) / 1e9);
    }

    private static void joinOneByOne(List<UUID> occurrences, AtomicInteger joined, long start)
            throws SQLException {
        try (Connection connection = platform.connection();
                PreparedStatement insert =
                        connection.prepareStatement(
                                """
                                INSERT INTO liveops.event_participations
                                    (id, event_id, occurrence_id, user_id, participation_type, participation_time)
                                VALUES (uuidv7(), 'slow', ?, ?, 'manual', now())
                                """);
                PreparedStatement count =
                        connection.prepareStatement(
                                """
                                UPDATE liveops.occurrences SET current_participants = current_participants + 1
                                 WHERE occurrence_id = ?
                                """)) {
            connection.setAutoCommit(false);
            while (System.nanoTime() - start < TIME.toNanos()) {
                int i = joined.incrementAndGet();
                UUID occurrence = occurrences.get(i % occurrences.size());
                insert.setObject(1, occurrence);
                insert.setString(2, "p" + i);
                insert.executeUpdate();
                count.setObject(1, occurrence);
                count.executeUpdate();
                connection.commit();
            }
        }
    }
}
