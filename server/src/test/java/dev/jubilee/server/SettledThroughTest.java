package dev.jubilee.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.Bus;
import dev.jubilee.server.bus.BusSettings;
import dev.jubilee.server.bus.delivery.windows.DeliveryMemory;
import dev.jubilee.server.bus.publish.Published;
import dev.jubilee.server.bus.subscriptions.SecretBox;
import dev.jubilee.server.config.SettingsReader;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.idempotency.Idempotency;
import dev.jubilee.server.liveops.occurrences.EndOffsets.PartitionEnd;
import dev.jubilee.server.testing.Platform;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What any instance accepted before an end lies before the offsets that are captured for it. */
class SettledThroughTest {
    @RegisterExtension static final Platform platform = new Platform();

    private final List<Instance> instances = new ArrayList<>();

    @BeforeEach
    void nobodyYet() throws SQLException {
        execute("DELETE FROM bus.instances");
    }

    @AfterEach
    void close() {
        instances.forEach(Instance::close);
    }

    @Test
    void anInstanceWhoseProducerStallsIsWaitedFor() throws Exception {
        Instance here = start();
        Instance stalled = start();
        stalled.stall.hold();
        CompletableFuture<Published> onItsWay = stalled.publish();
        Instant end = platform.clock().advance(Duration.ofSeconds(1));
        // More than any fixed grace: the instance here settles twice and is refused all the while.
        for (int beats = 0; beats < 2; beats++) {
            Instant later = platform.clock().advance(Duration.ofSeconds(1));
            Await.until(
                    "a beat",
                    () -> {
                        assertThat(here.liveOpsBus.capture(end)).isEmpty();
                        return here.bus.settling().isThroughHere(later);
                    });
        }
        stalled.stall.release();
        Published there = onItsWay.get(2, TimeUnit.MINUTES);
        assertThat(here.endOf(there.partition(), end)).isGreaterThan(there.offset());
    }

    @Test
    void oneThatDiedIsWaitedForUntilItsLeaseRunsOut() throws Exception {
        Instance here = start();
        UUID dead = dead("1 hour");
        Instant end = platform.clock().advance(Duration.ofSeconds(1));
        Await.until("this one has settled", () -> here.bus.settling().isThroughHere(end));
        assertThat(here.liveOpsBus.capture(end)).isEmpty();
        execute(
                "UPDATE bus.instances SET lease_until = now() - interval '1 second' WHERE instance_id = '"
                        + dead
                        + "'");
        here.captured(end);
    }

    @Test
    void afterPostgresqlWasGoneForAllNobodyIsTakenForDeadBeforeItCouldSpeak() throws Exception {
        Instance here = start();
        UUID other = dead("-1 seconds");
        Instant end = platform.clock().advance(Duration.ofSeconds(1));
        here.captured(end);
        execute("UPDATE bus.instances SET lease_until = now() - interval '1 minute'");
        Instant next = platform.clock().advance(Duration.ofSeconds(1));
        Await.until("this one has settled", () -> here.bus.settling().isThroughHere(next));
        Await.until(
                "it speaks again",
                () -> {
                    assertThat(here.liveOpsBus.capture(next)).isEmpty();
                    return value("SELECT min(lease_until) > now() FROM bus.instances").equals("t");
                });
        assertThat(here.liveOpsBus.capture(next)).isEmpty();
        execute("DELETE FROM bus.instances WHERE instance_id = '" + other + "'");
        here.captured(next);
    }

    @Test
    void anInstanceThatEndsInOrderIsForgotten() throws Exception {
        start();
        Instance leaving = start();
        assertThat(value("SELECT count(*) FROM bus.instances")).isEqualTo("2");
        leaving.close();
        assertThat(value("SELECT count(*) FROM bus.instances")).isEqualTo("1");
    }

    @Test
    void aClockThatIsSetBackStampsNothingBeforeASettledMoment() throws Exception {
        Instance here = start();
        Instant end = platform.clock().advance(Duration.ofSeconds(10));
        here.captured(end);
        platform.clock().set(end.minusSeconds(5));
        try {
            String id = here.publish().get(2, TimeUnit.MINUTES).eventId();
            String accepted =
                    "SELECT accepted_at >= '"
                            + end
                            + "' FROM bus.events WHERE event_id = '"
                            + id
                            + "'";
            Await.until("it is stored", () -> !value(accepted).isEmpty());
            assertThat(value(accepted)).isEqualTo("t");
        } finally {
            platform.clock().set(end);
        }
    }

    private Instance start() {
        Instance instance = new Instance();
        instances.add(instance);
        return instance;
    }

    /** An instance that has stopped to beat, with this much of its lease left. */
    private static UUID dead(String left) throws SQLException {
        UUID id = UUID.randomUUID();
        execute(
                "INSERT INTO bus.instances VALUES ('%s', '%s', now() + interval '%s')"
                        .formatted(id, platform.clock().instant(), left));
        return id;
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String value(String sql) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? row.getString(1) : "";
        }
    }

    /** A bus of its own, whose producer a test can hold back. */
    private static final class Instance implements AutoCloseable {
        private static final String TOPIC = platform.topic("settled.events");
        private static final Map<String, String> PATIENT =
                Map.of("EVENT_BUS_PUBLISH_TIMEOUT", "2m");

        final Stall stall = new Stall();
        final Bus bus;
        final LiveOpsBus liveOpsBus;
        private final HikariDataSource pool;
        private final ChangeFeed changes;
        private final Admin admin;

        Instance() {
            HikariConfig config = new HikariConfig();
            config.setDataSource(platform.dataSource());
            config.setMaximumPoolSize(6);
            pool = new HikariDataSource(config);
            changes = new ChangeFeed(pool);
            Database database = new Database(pool);
            Map<String, Object> kafka = stall.on(platform.brokers());
            bus =
                    new Bus(
                            kafka,
                            database,
                            changes,
                            new Idempotency(database, platform.clock(), Duration.ofDays(1)),
                            BusSettings.from(new SettingsReader(PATIENT), true),
                            SecretBox.open(
                                    Path.of("target"),
                                    Base64.getEncoder().encodeToString(new byte[32])),
                            platform.clock(),
                            new SimpleMeterRegistry(),
                            new DeliveryMemory(16 << 20));
            changes.start();
            bus.start();
            bus.topics().ensureSystemTopic(TOPIC, 2);
            admin = Admin.create(Map.of("bootstrap.servers", platform.brokers()));
            liveOpsBus = new LiveOpsBus(bus, admin);
        }

        CompletableFuture<Published> publish() {
            Envelope event =
                    Envelope.of(UUID.randomUUID().toString(), "game.kill", "/test", Instant.EPOCH)
                            .partitionKey("ann")
                            .build();
            return bus.publisher().publish(TOPIC, event);
        }

        List<PartitionEnd> captured(Instant end) {
            List<PartitionEnd> ends = new ArrayList<>();
            Await.until(
                    "the ends are captured",
                    () -> {
                        Optional<List<PartitionEnd>> now = liveOpsBus.capture(end);
                        now.ifPresent(ends::addAll);
                        return now.isPresent();
                    });
            return ends;
        }

        long endOf(int partition, Instant end) {
            return captured(end).stream()
                    .filter(at -> at.topic().equals(TOPIC) && at.partition() == partition)
                    .findFirst()
                    .orElseThrow()
                    .offset();
        }

        @Override
        public void close() {
            stall.release();
            admin.close();
            bus.close();
            changes.close();
            pool.close();
        }
    }
}
