package dev.jubilee.server.bus.delivery.shards;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.delivery.attempts.AttemptStore;
import dev.jubilee.server.bus.delivery.attempts.Recorder;
import dev.jubilee.server.bus.delivery.pending.PendingStore;
import dev.jubilee.server.bus.subscriptions.SubscriptionDirectory;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Who delivers to whom while instances come, go and stall. Their time is PostgreSQL's. */
class ShardOwnershipTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Duration LONGER_THAN_PATIENCE = Duration.ofSeconds(8);

    /** After an outage nobody is late then, however slow the machine is. */
    private static final Shards.Patience LONG =
            new Shards.Patience(Shards.PATIENCE.draining(), Duration.ofMinutes(2));

    private static final String LOCKED =
            "pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";

    private final UUID subscription = UUID.randomUUID();
    private final List<Node> nodes = new ArrayList<>();

    /** What an instance does for its shards; what is under way ends when the test says so. */
    private static final class Work implements ShardWork {
        final Set<Integer> taken = ConcurrentHashMap.newKeySet();
        final Set<Integer> draining = ConcurrentHashMap.newKeySet();
        final Set<Integer> left = ConcurrentHashMap.newKeySet();
        volatile CompletableFuture<Void> underWay = CompletableFuture.completedFuture(null);

        @Override
        public void takeOver(Set<Integer> shards) {
            taken.addAll(shards);
        }

        @Override
        public CompletableFuture<Void> drain(Set<Integer> shards) {
            draining.addAll(shards);
            return underWay.copy();
        }

        @Override
        public CompletableFuture<Void> leave(Set<Integer> shards) {
            left.addAll(shards);
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public void drop() {
            taken.clear();
        }
    }

    /** What an instance has of its own. */
    private final class Node implements AutoCloseable {
        final HikariDataSource pool;
        final Work work = new Work();
        final Ownership ownership = new Ownership();
        final Shards shards;
        private final Recorder recorder;
        private boolean closed;

        Node() {
            this(Shards.PATIENCE);
        }

        Node(Shards.Patience patience) {
            HikariConfig config = new HikariConfig();
            config.setDataSource(platform.dataSource());
            config.setMaximumPoolSize(4);
            config.setAllowPoolSuspension(true);
            pool = new HikariDataSource(config);
            Database database = new Database(pool);
            SubscriptionDirectory directory =
                    new SubscriptionDirectory(database, new ChangeFeed(pool));
            recorder =
                    new Recorder(
                            database,
                            new AttemptStore(AttemptStore.partitions(database)),
                            attempt -> {});
            recorder.start();
            shards = new Shards(database, directory, ownership, List.of(work), recorder, patience);
            nodes.add(this);
        }

        Node started() {
            shards.start();
            return this;
        }

        UUID id() {
            return ownership.instance();
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                shards.close();
                recorder.close();
                pool.close();
            }
        }
    }

    @AfterEach
    void stop() throws SQLException {
        nodes.forEach(one -> one.work.underWay.complete(null));
        nodes.forEach(Node::close);
        execute("UPDATE bus.delivery_shards SET owner = NULL");
        execute("DELETE FROM bus.delivery_instances");
        execute("DELETE FROM bus.pending_deliveries");
        execute("DELETE FROM bus.event_subscriptions");
    }

    @Test
    void whoWaitsForDeliveriesToEndIsSeenAllTheWhile() throws SQLException {
        Node one = new Node().started();
        UUID id = one.id();
        one.work.underWay = new CompletableFuture<>();
        Node other = new Node().started();
        Await.until("it drains", () -> !one.work.draining.isEmpty());
        passes(LONGER_THAN_PATIENCE);

        assertThat(isThere(id)).isTrue();
        assertThat(other.ownership.tenure().shards()).isEmpty();
        one.work.underWay.complete(null);
        Await.until("half moves", () -> other.ownership.tenure().shards().size() == 8);
        assertThat(one.id()).isEqualTo(id);
        assertThat(one.ownership.tenure().shards())
                .hasSize(8)
                .doesNotContainAnyElementsOf(other.ownership.tenure().shards());
    }

    @Test
    void whoStopsIsSeenUntilWhatIsUnderWayHasEnded() throws Exception {
        Node one = new Node().started();
        UUID id = one.id();
        Node other = new Node().started();
        Await.until("each has half", () -> other.ownership.tenure().shards().size() == 8);
        one.work.underWay = new CompletableFuture<>();
        CompletableFuture<Void> stopping = CompletableFuture.runAsync(one::close);
        passes(LONGER_THAN_PATIENCE);

        assertThat(isThere(id)).isTrue();
        assertThat(other.ownership.tenure().shards()).hasSize(8);
        one.work.underWay.complete(null);
        stopping.get(2, TimeUnit.MINUTES);
        assertThat(isThere(id)).isFalse();
        Await.until("the rest moves", () -> other.ownership.tenure().shards().size() == 16);
    }

    @Test
    void whatBecameAnothersMeanwhileStaysAsItIsThere() throws SQLException {
        subscribe();
        Node one = new Node().started();
        UUID id = one.id();
        one.work.underWay = new CompletableFuture<>();
        CompletableFuture<Void> stopping = CompletableFuture.runAsync(one::close);
        Await.until("it drains", () -> one.work.draining.size() == 16);
        UUID another = UUID.randomUUID();
        execute("INSERT INTO bus.delivery_instances VALUES ('" + another + "', now() + '1 hour')");
        execute("UPDATE bus.delivery_shards SET owner = '" + another + "'");
        execute("DELETE FROM bus.delivery_instances WHERE instance_id = '" + id + "'");
        owe(1);

        one.work.underWay.complete(null);
        stopping.join();
        assertThat(count("bus.pending_deliveries WHERE taken")).isEqualTo(1);
        assertThat(count("bus.delivery_shards WHERE owner = '" + another + "'")).isEqualTo(16);
    }

    @Test
    void whatIsBeingRoutedWhileAShardIsGivenAwayWaitsForWhoeverGetsIt() throws Exception {
        subscribe();
        Node one = new Node().started();
        try (Connection routing = platform.connection()) {
            routing.setAutoCommit(false);
            assertThat(PendingStore.head(routing, one.id())).isPresent();
            owe(routing, 1);
            CompletableFuture<Void> stopping = CompletableFuture.runAsync(one::close);
            Await.until("it waits for the transaction", () -> count(LOCKED) > 0);
            routing.commit();
            stopping.get(2, TimeUnit.MINUTES);
        }
        assertThat(count("bus.pending_deliveries WHERE NOT taken")).isEqualTo(1);
    }

    @Test
    void afterAnOutageNobodyIsTakenForDeadBeforeItCouldSpeak() throws SQLException {
        Node one = new Node(LONG).started();
        Node other = new Node(LONG).started();
        UUID id = other.id();
        Await.until("each has half", () -> other.ownership.tenure().shards().size() == 8);
        passes(Duration.ofSeconds(6)); // until each may judge the other
        one.pool.getHikariPoolMXBean().suspendPool();
        other.pool.getHikariPoolMXBean().suspendPool();
        passes(LONGER_THAN_PATIENCE);
        one.pool.getHikariPoolMXBean().resumePool();
        try {
            passes(Duration.ofSeconds(3));
            assertThat(isThere(id)).isTrue();
        } finally {
            other.pool.getHikariPoolMXBean().resumePool();
        }
        passes(Duration.ofSeconds(2));
        assertThat(other.id()).isEqualTo(id);
        assertThat(other.ownership.tenure().shards()).hasSize(8);
    }

    @Test
    void whoeverIsGoneIsReplacedAndSendsNothingMoreByThen() throws SQLException {
        subscribe();
        Node one = new Node().started();
        Await.until("it may send", () -> one.ownership.maySend(subscription));
        one.pool.getHikariPoolMXBean().suspendPool();
        try {
            Node other = new Node().started();
            Await.until("it is replaced", () -> other.ownership.owns(subscription));
            assertThat(one.ownership.maySend(subscription)).isFalse();
        } finally {
            one.pool.getHikariPoolMXBean().resumePool();
        }
    }

    @Test
    void aHandOverThatPostgresDidNotHearOfIsMadeUpFor() {
        Node one = new Node().started();
        Set<Integer> some = Set.of(3, 4);
        assertThat(one.ownership.lose(one.id(), some)).isTrue();
        Await.until("it has them back", () -> one.ownership.tenure().shards().size() == 16);
    }

    private static void passes(Duration time) {
        long until = System.nanoTime() + time.toNanos();
        Await.until("time passes", time.plusSeconds(30), () -> System.nanoTime() - until >= 0);
    }

    private static boolean isThere(UUID instance) throws SQLException {
        return count("bus.delivery_instances WHERE instance_id = '" + instance + "'") == 1;
    }

    private void subscribe() throws SQLException {
        execute(
                "INSERT INTO bus.event_subscriptions (id, subscription_id, service_name, method, endpoint)"
                        + " VALUES ('%s', '%s', 's', 'webhook', 'http://localhost')"
                                .formatted(subscription, subscription));
        execute("UPDATE bus.subscription_version SET version = version + 1");
    }

    private void owe(long id) throws SQLException {
        try (Connection connection = platform.connection()) {
            owe(connection, id);
        }
    }

    private void owe(Connection connection, long id) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(
                    """
                    INSERT INTO bus.pending_deliveries (subscription_id, id, event_id, event_type, topic, priority,
                        body, due_at, taken, accepted_at)
                    VALUES ('%s', %d, 'e', 'game.kill', 't', 1, '', now(), true, now())
                    """
                            .formatted(subscription, id));
        }
    }

    private static long count(String what) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                var row = statement.executeQuery("SELECT count(*) FROM " + what)) {
            row.next();
            return row.getLong(1);
        }
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
