package dev.jubilee.server.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventId;
import dev.jubilee.events.IdOrigin;
import dev.jubilee.events.tck.Await;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.testing.Platform;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.node.ObjectNode;

class OutboxRelayTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Instant TIME = Instant.parse("2026-03-01T12:00:00.123456Z");
    private static final OutboxSettings QUICK =
            new OutboxSettings(
                    Duration.ofMillis(5),
                    Duration.ofMillis(20),
                    Duration.ofMillis(20),
                    4,
                    1_000_000);

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final RecordingBus bus = new RecordingBus();
    private final List<OutboxRelay> relays = new ArrayList<>();

    @BeforeEach
    void empty() throws SQLException {
        execute("DELETE FROM platform.outbox");
        execute("DELETE FROM platform.outbox_refused");
    }

    @AfterEach
    void close() {
        relays.forEach(OutboxRelay::close);
    }

    @Test
    void whatIsReadAtOnceIsBoundedByBytesAndOneAlwaysComes() throws SQLException {
        String rows =
                """
                INSERT INTO platform.outbox (topic, events)
                SELECT 't', '[{"type":"x","time":"2026-03-01T12:00:00Z","data":{"x":"' || repeat('x', %d) || '"}}]'
                FROM generate_series(1, 10)
                """;
        execute(rows.formatted(1_000_000));
        try (Connection connection = platform.connection()) {
            OutboxRows outbox = new OutboxRows(connection);
            assertThat(outbox.oldest(100).rows()).hasSize(5);
            execute("DELETE FROM platform.outbox");
            execute(rows.formatted(6_000_000));
            assertThat(outbox.oldest(100).rows()).hasSize(1);
        }
        execute("DELETE FROM platform.outbox");
    }

    @Test
    void whatIsCommittedIsPublishedInOrderAndTheRowsGo() throws SQLException {
        write("a", "b", "c");
        write("d");
        relay(bus);
        awaitEmpty();
        assertThat(bus.keys()).containsExactly("a", "b", "c", "d");
        assertThat(bus.ids()).doesNotHaveDuplicates();
        Envelope first = bus.taken.getFirst();
        assertThat(first.type()).isEqualTo("liveops.participant.joined");
        assertThat(first.subject()).isEqualTo("a");
        assertThat(first.time()).isEqualTo(TIME);
        assertThat(first.causationId()).isEqualTo("cause-\"a\"");
        assertThat(first.idOrigin()).isEqualTo(IdOrigin.RELAYED);
        assertThat(first.acceptedAt()).isEqualTo(TIME.truncatedTo(ChronoUnit.MILLIS));
        assertThat(EventId.timeOf(UUID.fromString(first.id()))).isEqualTo(first.acceptedAt());
        assertThat(Json.tree(first.data()))
                .isEqualTo(Json.tree("{\"user_id\":\"a\",\"deep\":{\"list\":[1,\"é}\",null]}}"));
        assertThat(meters.get("jubilee.outbox.events").counter().count()).isEqualTo(4);
    }

    @Test
    void whatIsRolledBackIsNeverPublished() throws SQLException {
        try (Connection connection = platform.connection()) {
            connection.setAutoCommit(false);
            Outbox.write(connection, TIME, "t", List.of(event("never")));
            connection.rollback();
        }
        write("after");
        relay(bus);
        awaitEmpty();
        assertThat(bus.keys()).containsExactly("after");
    }

    @Test
    void aLargeBatchIsSplitAndKeepsItsOrder() throws SQLException {
        String[] keys =
                IntStream.range(0, 2_500).mapToObj(Integer::toString).toArray(String[]::new);
        write(keys);
        assertThat(rows()).isEqualTo(3);
        relay(bus);
        awaitEmpty();
        assertThat(bus.keys()).containsExactly(keys);
        assertThat(bus.ids()).doesNotHaveDuplicates();
    }

    @Test
    void aRelayThatDiesBetweenPublishingAndDeletingPublishesTheSameIdsAgain() throws SQLException {
        write("a", "b");
        AtomicInteger calls = new AtomicInteger();
        relay((topic, events) -> {
            CompletableFuture<?> done = bus.publish(topic, events);
            if (calls.incrementAndGet() == 1) {
                killConnectionOfRelay();
            }
            return done;
        });
        awaitEmpty();
        assertThat(bus.keys()).containsExactly("a", "b", "a", "b");
        assertThat(bus.ids().subList(2, 4)).isEqualTo(bus.ids().subList(0, 2));
    }

    @Test
    void whatTheBusRefusesIsTriedAgainAndNothingOvertakesItForGood() throws SQLException {
        write("a");
        write("b");
        write("c");
        bus.refuse(event -> "b".equals(event.partitionKey()));
        OutboxRelay relay = relay(bus);
        Await.until("b and c remain", () -> rows() == 2 && !relay.lag().isZero());
        bus.refuse(event -> false);
        awaitEmpty();
        List<String> keys = bus.keys();
        assertThat(keys).startsWith("a").endsWith("b", "c");
        assertThat(keys.stream().filter("a"::equals)).hasSize(1);
        Await.until("nothing lags", () -> relay.lag().isZero());
    }

    /** Whoever drops ids that it has seen would keep the wrong order. */
    @Test
    void nothingIsHandedOverBehindWhatWasRefusedAtOnce() throws SQLException {
        write("a");
        write("b");
        write("c");
        bus.refuse(event -> "b".equals(event.partitionKey()));
        OutboxRelay relay = relay(bus);
        Await.until("b and c remain", () -> rows() == 2 && !relay.lag().isZero());
        assertThat(bus.keys()).containsExactly("a");
        bus.refuse(event -> false);
        awaitEmpty();
        assertThat(bus.keys()).containsExactly("a", "b", "c");
    }

    @Test
    void whatTheBusWillNeverTakeIsSetAsideAndBlocksNobody() throws SQLException {
        write("a");
        write("b", "huge", "c");
        write("d");
        bus.refuseForGood(event -> "huge".equals(event.partitionKey()));
        relay(bus);
        awaitEmpty();
        assertThat(bus.keys().stream().distinct()).containsExactly("a", "b", "c", "d");
        assertThat(bus.keys()).endsWith("d");
        assertThat(bus.ids().stream().distinct()).hasSize(4);
        assertThat(
                        text(
                                """
                                SELECT position || ' ' || topic || ' ' || reason || ' ' || (event ->> 'key')
                                  FROM platform.outbox_refused
                                """))
                .isEqualTo("1 t larger than the test allows huge");
        assertThat(meters.get("jubilee.outbox.refused").counter().count()).isEqualTo(1);
    }

    @Test
    void aRefusedEventWaitsWithItsRowWhileTheBusIsDown() throws SQLException {
        write("huge", "b");
        bus.refuseForGood(event -> "huge".equals(event.partitionKey()));
        AtomicInteger calls = new AtomicInteger();
        relay((topic, events) -> {
            // The whole row is refused, then the bus is down while it is sifted, then it is back.
            int call = calls.incrementAndGet();
            return call == 2 || call == 3
                    ? CompletableFuture.failedFuture(new IllegalStateException("down"))
                    : bus.publish(topic, events);
        });
        awaitEmpty();
        assertThat(bus.keys().stream().distinct()).containsExactly("b");
        assertThat(text("SELECT count(*)::text FROM platform.outbox_refused")).isEqualTo("1");
    }

    @Test
    void ofTwoInstancesOneRelaysAndTheOtherTakesOver() throws SQLException {
        RecordingBus other = new RecordingBus();
        OutboxRelay first = relay(bus);
        write("a");
        awaitEmpty();
        relay(other);
        for (int i = 0; i < 50; i++) {
            write("b" + i);
            awaitEmpty();
        }
        assertThat(bus.taken).hasSize(51);
        assertThat(other.taken).isEmpty();
        first.close();
        write("c");
        awaitEmpty();
        assertThat(other.keys()).containsExactly("c");
    }

    @Test
    void whileOthersWriteItKeepsToItsRateAndThenCatchesUp() throws SQLException {
        OutboxSettings slow =
                new OutboxSettings(QUICK.poll(), QUICK.standby(), QUICK.retry(), 1, 200);
        OutboxRelay relay = new OutboxRelay(platform.dataSource(), bus, slow, meters);
        relays.add(relay);
        String[] keys = IntStream.range(0, 400).mapToObj(Integer::toString).toArray(String[]::new);
        for (int i = 0; i < 20; i++) {
            write(keys);
        }
        long start = System.nanoTime();
        relay.start();
        // At the rate these 8,000 would take 40 seconds; nobody writes any more, so they do not.
        awaitEmpty();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(35));
        assertThat(bus.taken).hasSize(8_000);
        // On a slow machine it may seem that nobody writes any more; not each time.
        Duration paid = timeOfTwoOfFour(keys);
        for (int i = 0; i < 3 && paid.toMillis() <= 1_000; i++) {
            paid = timeOfTwoOfFour(keys);
        }
        // The first of them had to be paid for before the second was published.
        assertThat(paid).isGreaterThan(Duration.ofSeconds(1));
    }

    private Duration timeOfTwoOfFour(String... keys) throws SQLException {
        int before = bus.taken.size();
        long start = System.nanoTime();
        for (int i = 0; i < 4; i++) {
            write(keys);
        }
        Await.until("two of four", () -> bus.taken.size() >= before + 2 * keys.length);
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        awaitEmpty();
        return took;
    }

    @Test
    void whatIsLateGoesOutFasterThanTheRateWhileOthersGoOnWriting() throws SQLException {
        OutboxSettings slow =
                new OutboxSettings(QUICK.poll(), QUICK.standby(), QUICK.retry(), 1, 10);
        for (int i = 0; i < 10; i++) {
            write(IntStream.range(0, 100).mapToObj(Integer::toString).toArray(String[]::new));
        }
        execute("UPDATE platform.outbox SET created_at = created_at - interval '1 hour'");
        write("the newest");
        execute(
                "UPDATE platform.outbox SET created_at = now() + interval '1 hour'"
                        + " WHERE id = (SELECT max(id) FROM platform.outbox)");
        OutboxRelay relay = new OutboxRelay(platform.dataSource(), bus, slow, meters);
        relays.add(relay);
        long start = System.nanoTime();
        relay.start();
        Await.until("all of an hour ago", () -> bus.taken.size() >= 1_000);
        // At the rate it would have taken a hundred seconds.
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(50));
    }

    @Test
    void closingFinishesWhatIsUnderWay() throws Exception {
        write("a");
        CountDownLatch publishing = new CountDownLatch(1);
        CompletableFuture<Void> acknowledged = new CompletableFuture<>();
        OutboxRelay relay =
                relay((topic, events) -> {
                    publishing.countDown();
                    return acknowledged;
                });
        publishing.await();
        Thread closing = Thread.ofVirtual().start(relay::close);
        acknowledged.complete(null);
        closing.join();
        assertThat(rows()).isZero();
    }

    private OutboxRelay relay(BusPublisher publisher) {
        OutboxRelay relay = new OutboxRelay(platform.dataSource(), publisher, QUICK, meters);
        relays.add(relay);
        relay.start();
        return relay;
    }

    private static void write(String... keys) throws SQLException {
        try (Connection connection = platform.connection()) {
            connection.setAutoCommit(false);
            List<OutboxEvent> events = new ArrayList<>();
            for (String key : keys) {
                events.add(event(key));
            }
            Outbox.write(connection, TIME, "t", events);
            connection.commit();
        }
    }

    private static OutboxEvent event(String key) {
        String data = "{\"user_id\":\"" + key + "\",\"deep\":{\"list\":[1,\"é}\",null]}}";
        return OutboxEvent.of(
                "liveops.participant.joined",
                key,
                TIME,
                (ObjectNode) Json.tree(data),
                "cause-\"" + key + "\"");
    }

    private static void killConnectionOfRelay() {
        try {
            execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void awaitEmpty() {
        Await.until("the outbox is empty", () -> rows() == 0);
    }

    private static int rows() throws SQLException {
        return Integer.parseInt(text("SELECT count(*)::text FROM platform.outbox"));
    }

    private static String text(String sql) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
