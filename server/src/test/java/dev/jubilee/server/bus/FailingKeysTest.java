package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.bus.Receiver.Received;
import dev.jubilee.server.bus.Receiver.Reply;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

/** One key's events cannot be delivered for now, and those of others can. */
class FailingKeysTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final int CHUNK = 500;
    private static final AtomicInteger topics = new AtomicInteger();

    private final String topic = platform.topic("failing." + topics.incrementAndGet());
    private final List<Event> accepted = new CopyOnWriteArrayList<>();
    private int published;
    private String subscription = "";

    /** As it was published. */
    private record Event(String key, int n) {
        static Event of(Received received) {
            JsonNode data = received.json().path("data");
            return new Event(data.path("key").asString(""), data.path("n").asInt());
        }
    }

    @Test
    void manyKeysThatFailKeepNothingOfOthersWaiting() {
        try (Receiver receiver = new Receiver();
                BusInstance bus = new BusInstance(platform, Map.of())) {
            Set<Event> bad = new HashSet<>();
            refuse(receiver, event -> event.key().startsWith("bad"));
            subscribe(bus, receiver, "\"retry_delay\": 3600, \"max_retries\": 3");
            for (int round = 0; round < 2; round++) {
                bad.addAll(publish(bus, "bad", 700, 700));
            }
            Set<Event> good = publish(bus, "good", 200, 1_500);
            awaitAccepted(good);

            // They wait in the table by now, and no later ones go past them.
            bad.addAll(publish(bus, "bad", 700, 700));
            awaitAccepted(publish(bus, "good", 200, 1_000));
            assertThat(accepted).noneMatch(bad::contains);

            refuse(receiver, event -> false);
            platform.clock().advance(Duration.ofHours(2));
            awaitAll();
        }
    }

    @Test
    void oneKeyWithManyEventsBehindAFailureKeepsNothingOfOthersWaiting() {
        try (Receiver receiver = new Receiver();
                BusInstance bus = new BusInstance(platform, Map.of())) {
            refuse(receiver, event -> event.key().startsWith("bad"));
            subscribe(bus, receiver, "\"retry_delay\": 3600, \"max_retries\": 3");
            publish(bus, "bad", 1, 1_400);
            awaitAccepted(publish(bus, "good", 50, 1_500));

            refuse(receiver, event -> false);
            platform.clock().advance(Duration.ofHours(2));
            awaitAll();
        }
    }

    @Test
    void whatHasNoKeyMakesRoomAsWellAndComesAgain() {
        try (Receiver receiver = new Receiver();
                BusInstance bus = new BusInstance(platform, Map.of())) {
            refuse(receiver, event -> event.key().isEmpty());
            subscribe(bus, receiver, "\"retry_delay\": 3600, \"max_retries\": 3");
            publish(bus, null, 1, 1_400);
            awaitAccepted(publish(bus, "good", 50, 1_500));

            refuse(receiver, event -> false);
            platform.clock().advance(Duration.ofHours(2));
            Await.until("all came", PATIENCE, () -> accepted.size() >= published);
            assertThat(accepted).hasSize(published).doesNotHaveDuplicates();
        }
    }

    /** What is given up lets go of what is behind it. */
    @Test
    void aKeyGoesOnWhenItsFirstEventIsGivenUp() {
        try (Receiver receiver = new Receiver();
                BusInstance bus = new BusInstance(platform, Map.of())) {
            Set<Event> poison = ConcurrentHashMap.newKeySet();
            refuse(receiver, poison::contains);
            subscribe(bus, receiver, "\"retry_delay\": 60, \"max_retries\": 1");
            for (int i = 0; i < 700; i++) {
                poison.add(new Event("bad" + i, published + i));
            }
            publish(bus, "bad", 700, 700);
            publish(bus, "bad", 700, 1_400);
            awaitAccepted(publish(bus, "good", 50, 1_000));
            platform.clock().advance(Duration.ofSeconds(61));

            Await.until("the others came", PATIENCE, () -> accepted.size() >= published - 700);
            assertThat(accepted).noneMatch(poison::contains);
            assertOnceAndInOrder();
            Await.until("nothing is owed", PATIENCE, () -> owed() == 0);
            assertThat(count("bus.dead_letters WHERE topic = '" + topic + "'")).isEqualTo(700);
        }
    }

    @Test
    void whoComesAfterARestartKeepsTheOrderOfWhatWaits() {
        try (Receiver receiver = new Receiver()) {
            refuse(receiver, event -> event.key().startsWith("bad"));
            try (BusInstance bus = new BusInstance(platform, Map.of())) {
                subscribe(bus, receiver, "\"retry_delay\": 3600, \"max_retries\": 3");
                publish(bus, "bad", 700, 1_400);
                awaitAccepted(publish(bus, "good", 50, 1_000));
            }
            refuse(receiver, event -> false);
            try (BusInstance bus = new BusInstance(platform, Map.of())) {
                int before = accepted.size();
                awaitAccepted(publish(bus, "good", 50, 1_000));
                assertThat(accepted.subList(before, accepted.size()))
                        .as("each waits for the first of its key")
                        .noneMatch(event -> event.key().startsWith("bad"));
                platform.clock().advance(Duration.ofHours(2));
                awaitAll();
            }
        }
    }

    @Test
    void orderIsKeptWhileKeysFailAndHealAgainAndAgain() {
        try (Receiver receiver = new Receiver();
                BusInstance bus = new BusInstance(platform, Map.of())) {
            Map<Event, Integer> tries = new ConcurrentHashMap<>();
            refuse(
                    receiver,
                    event ->
                            event.n() % 3 == 0
                                    && tries.merge(event, 1, Integer::sum) <= 1 + event.n() % 2);
            subscribe(bus, receiver, "\"retry_delay\": 1, \"max_retries\": 5");
            // Soon each key waits for a retry, and so most of these do.
            publish(bus, "k", 400, 3_000);
            for (int round = 0; round < 15; round++) {
                publish(bus, "k", 400, 100);
                platform.clock().advance(Duration.ofMillis(400));
            }
            Await.until(
                    "all came",
                    PATIENCE,
                    () -> {
                        platform.clock().advance(Duration.ofMillis(200));
                        return accepted.size() >= published;
                    });
            awaitAll();
        }
    }

    private void refuse(Receiver receiver, Predicate<Event> which) {
        // Nothing that makes the circuit open: the endpoint itself is well.
        receiver.behaviour =
                request -> {
                    Event event = Event.of(request);
                    if (which.test(event)) {
                        return Reply.of(422);
                    }
                    accepted.add(event);
                    return Reply.of(200);
                };
    }

    private void subscribe(BusInstance bus, Receiver receiver, String more) {
        Answer made =
                bus.post(
                        "operator",
                        "/topics",
                        "{\"name\": \"%s\", \"partitions\": 1}".formatted(topic));
        assertThat(made.status()).as(made.body().toString()).isEqualTo(201);
        Answer subscribed =
                bus.post(
                        "service",
                        "/subscriptions",
                        """
                        {"service_name": "s", "method": "webhook", "topic_pattern": "%s", "endpoint": "%s",
                         "rate_limit_per_min": 0, "ordering": "key", %s}
                        """
                                .formatted(topic, receiver.url(), more));
        assertThat(subscribed.status()).as(subscribed.body().toString()).isEqualTo(201);
        subscription = subscribed.text("subscription_id");
    }

    /** So many events over so many keys; none has a key if there is no name for it. */
    private Set<Event> publish(BusInstance bus, @Nullable String key, int keys, int count) {
        Set<Event> events = new HashSet<>();
        List<String> bodies = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Event event = new Event(key == null ? "" : key + i % keys, published++);
            events.add(event);
            bodies.add(
                    """
                    {"event_type": "game.kill", "source": "t", "topic": "%s", %s
                     "payload": {"key": "%s", "n": %d}}
                    """
                            .formatted(
                                    topic,
                                    key == null ? "" : "\"key\": \"" + event.key() + "\",",
                                    event.key(),
                                    event.n()));
        }
        for (int from = 0; from < count; from += CHUNK) {
            List<String> chunk = bodies.subList(from, Math.min(count, from + CHUNK));
            Answer answer =
                    bus.post(
                            "service",
                            "/events/publish/batch",
                            "[" + String.join(",", chunk) + "]");
            assertThat(answer.body().path("failed").asInt(-1))
                    .as(answer.body().toString())
                    .isZero();
        }
        return events;
    }

    private void awaitAccepted(Set<Event> events) {
        Await.until("these came", PATIENCE, () -> new HashSet<>(accepted).containsAll(events));
    }

    private void awaitAll() {
        Await.until("all came", PATIENCE, () -> accepted.size() >= published);
        assertOnceAndInOrder();
        assertThat(accepted).hasSize(published);
        Await.until("nothing is owed", PATIENCE, () -> owed() == 0);
    }

    private void assertOnceAndInOrder() {
        assertThat(accepted).doesNotHaveDuplicates();
        Map<String, List<Integer>> byKey = new TreeMap<>();
        accepted.forEach(e -> byKey.computeIfAbsent(e.key(), k -> new ArrayList<>()).add(e.n()));
        byKey.forEach((key, came) -> assertThat(came).as(key).isSorted());
    }

    private long owed() {
        return count("bus.pending_deliveries WHERE subscription_id = '" + subscription + "'");
    }

    private static long count(String what) {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                var row = statement.executeQuery("SELECT count(*) FROM " + what)) {
            row.next();
            return row.getLong(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
