package dev.jubilee.server.bus.delivery;

import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.subscriptions.SubscriptionDirectory;
import dev.jubilee.server.database.Database;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Spreads the subscriptions over the instances, so that each is delivered to by one: which is what
 * keeps order, rates and circuits. An instance that has not been seen for five seconds is deposed,
 * and others take its shards; one that has more than its part gives the rest away when nothing of
 * it is under way. Thread-safe.
 */
final class Shards implements AutoCloseable {
    static final int COUNT = 16;

    /** So long what is under way may take to end before its shards are given away. */
    static final Duration PATIENCE = Duration.ofSeconds(15);

    private static final Logger log = LoggerFactory.getLogger(Shards.class);

    private final Database database;
    private final SubscriptionDirectory directory;
    private final Outlets outlets;
    private final List<ShardWork> work;
    private final Recorder recorder;
    private final Duration patience;
    private final ScheduledExecutorService ticking =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("delivery-shards").daemon().factory());

    Shards(
            Database database,
            SubscriptionDirectory directory,
            Outlets outlets,
            List<ShardWork> work,
            Recorder recorder,
            Duration patience) {
        this.database = database;
        this.directory = directory;
        this.outlets = outlets;
        this.work = List.copyOf(work);
        this.recorder = recorder;
        this.patience = patience;
    }

    void start() {
        tick();
        var _ = ticking.scheduleWithFixedDelay(this::tickQuietly, 1, 1, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        ticking.shutdownNow();
        try {
            giveAway(outlets.shards());
            database.transaction(connection -> {
                try (PreparedStatement delete =
                        connection.prepareStatement(
                                "DELETE FROM bus.delivery_instances WHERE instance_id = ?")) {
                    delete.setObject(1, outlets.instance());
                    return delete.executeUpdate();
                }
            });
        } catch (RuntimeException e) {
            log.warn("others will notice in five seconds that this instance ended", e);
        }
    }

    private void tickQuietly() {
        try {
            tick();
        } catch (RuntimeException e) {
            log.warn("the shards of deliveries cannot be looked after: {}", e.getMessage());
        }
    }

    private synchronized void tick() {
        if (!isSeen()) {
            if (!outlets.shards().isEmpty()) {
                log.warn("this instance was taken for dead; its deliveries are others' now");
            }
            outlets.deposed();
            work.forEach(ShardWork::drop);
            register();
        }
        int instances = database.transaction(Shards::depose);
        int part = (COUNT + instances - 1) / instances;
        Set<Integer> mine = outlets.shards();
        if (mine.size() < part) {
            claim(part - mine.size());
        } else if (mine.size() > part) {
            giveAway(Set.copyOf(new ArrayList<>(mine).subList(part, mine.size())));
        }
    }

    private boolean isSeen() {
        return database.read(connection -> {
            try (PreparedStatement update =
                    connection.prepareStatement(
                            """
                            UPDATE bus.delivery_instances SET seen_at = clock_timestamp()
                            WHERE instance_id = ?
                            """)) {
                update.setObject(1, outlets.instance());
                return update.executeUpdate() == 1;
            }
        });
    }

    private void register() {
        database.transaction(connection -> {
            try (PreparedStatement insert =
                    connection.prepareStatement(
                            "INSERT INTO bus.delivery_instances VALUES (?, clock_timestamp())")) {
                insert.setObject(1, outlets.instance());
                return insert.executeUpdate();
            }
        });
    }

    /** Removes who is gone, and returns how many there are. */
    private static int depose(Connection connection) throws SQLException {
        try (PreparedStatement delete =
                        connection.prepareStatement(
                                """
                                DELETE FROM bus.delivery_instances
                                WHERE seen_at < clock_timestamp() - interval '5 seconds'
                                """);
                PreparedStatement free =
                        connection.prepareStatement(
                                """
                                UPDATE bus.delivery_shards SET owner = NULL
                                WHERE owner IS NOT NULL
                                    AND owner NOT IN (SELECT instance_id FROM bus.delivery_instances)
                                """);
                PreparedStatement count =
                        connection.prepareStatement(
                                "SELECT count(*) FROM bus.delivery_instances")) {
            delete.executeUpdate();
            free.executeUpdate();
            try (ResultSet row = count.executeQuery()) {
                row.next();
                return Math.max(1, row.getInt(1));
            }
        }
    }

    private void claim(int most) {
        directory.refresh();
        Set<Integer> claimed =
                database.transaction(connection -> {
                    Set<Integer> got = claim(connection, most);
                    if (!got.isEmpty()) {
                        List<UUID> theirs = pushed(got);
                        PendingStore.giveBack(connection, theirs);
                        closeCircuits(connection, theirs);
                    }
                    return got;
                });
        if (!claimed.isEmpty()) {
            Set<Integer> all = new HashSet<>(outlets.shards());
            all.addAll(claimed);
            // First behind, then mine: what is routed from now on comes after what waits.
            pushed(claimed).forEach(outlets::leftBehind);
            outlets.shards(all);
            work.forEach(one -> one.takeOver(claimed));
        }
    }

    private Set<Integer> claim(Connection connection, int most) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        UPDATE bus.delivery_shards SET owner = ?
                        WHERE shard IN (SELECT shard FROM bus.delivery_shards WHERE owner IS NULL
                            ORDER BY shard LIMIT ? FOR UPDATE SKIP LOCKED)
                        RETURNING shard
                        """)) {
            update.setObject(1, outlets.instance());
            update.setInt(2, most);
            Set<Integer> got = new HashSet<>();
            try (ResultSet row = update.executeQuery()) {
                while (row.next()) {
                    got.add(row.getInt(1));
                }
            }
            return got;
        }
    }

    /** Whoever delivered before knew how the endpoint fared; this one finds out. */
    private static void closeCircuits(Connection connection, List<UUID> subscriptions)
            throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        UPDATE bus.event_subscriptions SET circuit = 'closed', circuit_until = NULL
                        WHERE id = ANY (?) AND circuit <> 'closed'
                        """)) {
            update.setArray(1, connection.createArrayOf("uuid", subscriptions.toArray()));
            update.executeUpdate();
        }
    }

    private void giveAway(Set<Integer> shards) {
        if (shards.isEmpty()) {
            return;
        }
        Set<Integer> rest = new HashSet<>(outlets.shards());
        rest.removeAll(shards);
        outlets.shards(rest);
        try {
            all(work.stream().map(one -> one.drain(shards)));
            all(work.stream().map(one -> one.leave(shards)));
        } catch (CompletionException e) {
            log.warn("deliveries of shards {} do not end; they stay here for now", shards);
            rest.addAll(shards);
            outlets.shards(rest);
            work.forEach(one -> one.takeOver(shards));
            return;
        }
        recorder.flush();
        database.transaction(connection -> {
            PendingStore.giveBack(connection, pushed(shards));
            try (PreparedStatement update =
                    connection.prepareStatement(
                            """
                            UPDATE bus.delivery_shards SET owner = NULL
                            WHERE owner = ? AND shard = ANY (?)
                            """)) {
                update.setObject(1, outlets.instance());
                update.setArray(2, connection.createArrayOf("int4", shards.toArray()));
                return update.executeUpdate();
            }
        });
    }

    private void all(Stream<CompletableFuture<Void>> steps) {
        CompletableFuture.allOf(steps.toArray(CompletableFuture[]::new))
                .orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS)
                .join();
    }

    private List<UUID> pushed(Set<Integer> shards) {
        return directory.index().all().stream()
                .filter(Subscription::isPushed)
                .map(Subscription::id)
                .filter(id -> shards.contains(Outlets.shardOf(id)))
                .toList();
    }
}
