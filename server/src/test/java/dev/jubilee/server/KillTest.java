package dev.jubilee.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.testing.Program;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Ends the program, then PostgreSQL, then Kafka by {@code kill -9} in the middle of traffic.
 * Clients do what good clients do: they repeat what was not acknowledged, with the same id.
 * Afterwards nothing that was acknowledged is missing, and nothing happened twice.
 */
final class KillTest {
    private static final int FIGHTERS = 40;
    private static final int LATECOMERS = 90;
    private static final int CAPACITY = 100;
    private static final int PUBLISHERS = 4;
    private static final int KILLS_TO_FINISH = 5;
    private static final int EVENTS_BETWEEN_KILLS = 400;

    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();
    private final AtomicInteger published = new AtomicInteger();
    private final Map<String, Integer> killsOf = new ConcurrentHashMap<>();
    private final Map<String, Integer> joinAnswers = new ConcurrentHashMap<>();
    private final Map<String, Integer> claimAnswers = new ConcurrentHashMap<>();
    private volatile boolean enough;
    private volatile boolean over;
    private volatile @Nullable Program running;
    private volatile String key = "";

    @TempDir Path folder;

    @Test
    @Timeout(value = 20, unit = TimeUnit.MINUTES)
    void nothingAcknowledgedIsLostAndNothingHappensTwice() throws Exception {
        Path home = folder.resolve("home");
        start(home);
        try {
            makeTheGame();
            for (int i = 0; i < FIGHTERS; i++) {
                join("fighter" + i);
            }
            List<Thread> traffic = startTraffic();

            afterSoManyMore(EVENTS_BETWEEN_KILLS);
            program().kill();
            start(home);
            afterSoManyMore(EVENTS_BETWEEN_KILLS);
            kill("postgres"); // the server and all its processes
            afterSoManyMore(EVENTS_BETWEEN_KILLS);
            kill("java"); // Kafka, the one child that is a JVM
            afterSoManyMore(EVENTS_BETWEEN_KILLS);
            enough = true;
            for (Thread thread : traffic) {
                thread.join();
            }

            reconcile();
        } finally {
            enough = true;
            over = true;
            program().close();
        }
    }

    private void reconcile() throws Exception {
        int sent = published.get();
        Await.until(
                "every event is stored and counted",
                Duration.ofMinutes(5),
                () ->
                        count("SELECT count(*) FROM bus.events WHERE event_type = 'game.kill'")
                                        >= sent
                                && count(
                                                "SELECT sum((progress->>'kills')::int) FROM liveops.event_participations")
                                        >= sent);

        assertThat(count("SELECT count(*) FROM bus.events WHERE event_type = 'game.kill'"))
                .as("published = stored")
                .isEqualTo(sent);
        for (Map.Entry<String, Integer> player : killsOf.entrySet()) {
            assertThat(
                            count(
                                    "SELECT (progress->>'kills')::int FROM liveops.event_participations WHERE user_id = '"
                                            + player.getKey()
                                            + "'"))
                    .as("kills of %s, each counted once", player.getKey())
                    .isEqualTo((long) player.getValue());
        }
        assertThat(
                        count(
                                "SELECT count(*) FROM liveops.event_participations WHERE status <> 'cancelled'"))
                .as("participants = capacity")
                .isEqualTo(CAPACITY);
        assertThat(count("SELECT current_participants FROM liveops.occurrences"))
                .isEqualTo(CAPACITY);
        assertThat(joinAnswers.values().stream().filter(status -> status < 300).count())
                .as("players who were told that they are in")
                .isEqualTo(CAPACITY);
        long finishers =
                killsOf.values().stream().filter(kills -> kills >= KILLS_TO_FINISH).count();
        Await.until(
                "every finisher has its grant",
                () ->
                        count("SELECT count(*) FROM liveops.grants WHERE reward_id = 'finisher'")
                                == finishers);
        assertThat(count("SELECT count(*) FROM liveops.grants WHERE status = 'claimed'"))
                .as("claims that were answered = claims that were paid")
                .isEqualTo(claimAnswers.values().stream().filter(status -> status == 200).count())
                .isEqualTo(
                        count(
                                "SELECT current_claims FROM liveops.occurrence_rewards WHERE reward_id = 'finisher'"));
    }

    private void makeTheGame() throws Exception {
        assertThat(
                        post(
                                        program().bus(),
                                        "/topics",
                                        Map.of("name", "game.events", "partitions", 3))
                                .statusCode())
                .isEqualTo(201);
        String event =
                """
                {"event_id": "raid", "name": "Raid", "event_type": "special", "start_time": "2020-01-01T00:00:00Z",
                 "max_participants": %d,
                 "settings": {"progress": [{"metric": "kills", "on": "game.kill", "add": "1"}],
                              "complete_when": "progress.kills >= %d", "score": "progress.kills"},
                 "rewards": [{"reward_id": "finisher", "reward_type": "gold", "reward_value": {"amount": 1}}]}
                """
                        .formatted(CAPACITY, KILLS_TO_FINISH);
        assertThat(post(program().liveOps(), "/events", event).statusCode()).isEqualTo(201);
    }

    private List<Thread> startTraffic() {
        List<Thread> traffic = new ArrayList<>();
        for (int i = 0; i < PUBLISHERS; i++) {
            int publisher = i;
            traffic.add(Thread.ofVirtual().start(() -> publish(publisher)));
        }
        traffic.add(
                Thread.ofVirtual()
                        .start(() -> {
                            for (int i = 0; i < LATECOMERS; i++) {
                                join("late" + i);
                            }
                        }));
        traffic.add(Thread.ofVirtual().start(this::claim));
        return traffic;
    }

    private void publish(int publisher) {
        for (int n = 0; !enough; n++) {
            String player = "fighter" + (n * PUBLISHERS + publisher) % FIGHTERS;
            Map<String, Object> event =
                    Map.of(
                            "event_id",
                            "kill-" + publisher + "-" + n,
                            "event_type",
                            "game.kill",
                            "topic",
                            "game.events",
                            "source",
                            "/test",
                            "key",
                            player,
                            "subject",
                            player,
                            "payload",
                            Map.of("n", n));
            untilAnswered(() -> post(program().bus(), "/events/publish", event));
            killsOf.merge(player, 1, Integer::sum);
            published.incrementAndGet();
        }
    }

    private void join(String player) {
        int status =
                untilAnswered(() ->
                        post(program().liveOps(), "/events/raid/join", Map.of("user_id", player)));
        joinAnswers.put(player, status);
    }

    private void claim() {
        while (!enough) {
            for (int i = 0; i < FIGHTERS && !enough; i++) {
                String player = "fighter" + i;
                Map<String, Object> body = Map.of("user_id", player, "reward_id", "finisher");
                claimAnswers.put(
                        player,
                        untilAnswered(() ->
                                post(program().liveOps(), "/events/raid/rewards/claim", body)));
            }
        }
    }

    private interface Attempt {
        HttpResponse<String> make() throws Exception;
    }

    /** Repeats until an answer comes that is not "try again", or until nobody asks any more. */
    private int untilAnswered(Attempt attempt) {
        while (!over) {
            try {
                int status = attempt.make().statusCode();
                if (status < 500 && status != 401) {
                    return status;
                }
            } catch (Exception e) {
                // Nobody there, or it went away in the middle: the next attempt tells.
            }
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
        return 0;
    }

    private HttpResponse<String> post(URI where, String path, Object body)
            throws IOException, InterruptedException {
        String json = body instanceof String text ? text : Json.text(body);
        HttpRequest request =
                HttpRequest.newBuilder(where.resolve(path))
                        .timeout(Duration.ofSeconds(15))
                        .header("Authorization", "Bearer " + key)
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(json))
                        .build();
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }

    private Program program() {
        return Objects.requireNonNull(running, "not started");
    }

    private void start(Path home) throws IOException {
        Program next = Program.start(home).ready();
        key = Files.readString(home.resolve("admin.key")).strip();
        running = next;
    }

    private void afterSoManyMore(int events) {
        int goal = published.get() + events;
        Await.until("traffic goes on", Duration.ofMinutes(5), () -> published.get() >= goal);
    }

    /** Ends the children whose program has this name. */
    private void kill(String name) {
        List<ProcessHandle> victims =
                program().children().stream()
                        .filter(child -> child.info().command().orElse("").endsWith(name))
                        .toList();
        assertThat(victims).as("children named " + name).isNotEmpty();
        victims.forEach(ProcessHandle::destroyForcibly);
    }

    private long count(String sql) throws SQLException, IOException {
        try (Connection connection = program().connection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? row.getLong(1) : -1;
        }
    }
}
