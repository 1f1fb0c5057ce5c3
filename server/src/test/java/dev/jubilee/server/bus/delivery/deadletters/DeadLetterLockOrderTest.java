package dev.jubilee.server.bus.delivery.deadletters;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.delivery.pending.LockOrderContract;
import dev.jubilee.server.bus.delivery.pending.PendingStore;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;

class DeadLetterLockOrderTest extends LockOrderContract {
    @Override
    protected Stream<Named<Ending>> endings() {
        return Stream.of(
                Named.of("redrive", DeadLetterLockOrderTest::redrive),
                Named.of("beginRedrive", DeadLetterLockOrderTest::beginRedrive));
    }

    private static void redrive(Connection connection, UUID subscription) throws SQLException {
        execute(
                connection,
                """
                INSERT INTO bus.redrives (id, subscription_id, filter, status, total, last_id, created_at)
                VALUES (uuidv7(), '%s', '{}', 'running', 1, 'ffffffff-ffff-ffff-ffff-ffffffffffff', now())
                """
                        .formatted(subscription));
        try (Redrives redrives = redrives()) {
            redrives.step(connection);
        }
    }

    private static void beginRedrive(Connection connection, UUID subscription) throws SQLException {
        try (Redrives redrives = redrives()) {
            assertThat(redrives.begin(connection, subscription, DeadLetterStore.Query.ALL))
                    .isPresent();
        }
    }

    private static Redrives redrives() {
        return new Redrives(
                new Database(platform.dataSource()),
                new ChangeFeed(platform.dataSource()),
                platform.clock());
    }

    @Test
    void aRedriveAndTheDeletionOfItsSubscriptionNeverWaitForEachOther() throws Exception {
        Database database = new Database(platform.dataSource());
        try (Redrives redrives = redrives();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int round = 0; round < 30; round++) {
                UUID id = UUID.randomUUID();
                giveUp(id);
                CyclicBarrier start = new CyclicBarrier(2);
                Future<?> deleted =
                        threads.submit(() -> {
                            start.await();
                            return database.transaction(connection -> delete(connection, id));
                        });
                Future<?> redriven =
                        threads.submit(() -> {
                            start.await();
                            while (database.transaction(redrives::step)) {
                                Thread.onSpinWait();
                            }
                            return true;
                        });

                assertThat(deleted).succeedsWithin(Duration.ofMinutes(2));
                assertThat(redriven).succeedsWithin(Duration.ofMinutes(2));
                assertThat(owed(id)).as("to nobody").isZero();
            }
        }
    }

    /** A subscription with so many dead letters that to redrive them takes a moment. */
    private static void giveUp(UUID id) throws SQLException {
        try (Connection connection = platform.connection()) {
            execute(
                    connection,
                    """
                    INSERT INTO bus.event_subscriptions (id, subscription_id, service_name) VALUES ('%1$s', '%1$s', 's');
                    INSERT INTO bus.dead_letters (id, subscription_id, event_id, event_type, topic, priority, body,
                        attempts, reason, accepted_at, dead_at)
                    SELECT gen_random_uuid(), '%1$s', 'e' || n, 'game.kill', 't', 1, '', 1, 'r', now(), now()
                    FROM generate_series(1, 400) n;
                    INSERT INTO bus.redrives (id, subscription_id, filter, status, total, last_id, created_at)
                    VALUES (uuidv7(), '%1$s', '{}', 'running', 400, 'ffffffff-ffff-ffff-ffff-ffffffffffff', now())
                    """
                            .formatted(id));
        }
    }

    /** In the order of whoever deletes a subscription. */
    private static boolean delete(Connection connection, UUID id) throws SQLException {
        boolean there = PendingStore.lockOwner(connection, id);
        execute(connection, "DELETE FROM bus.event_subscriptions WHERE id = '" + id + "'");
        execute(
                connection,
                "DELETE FROM bus.pending_deliveries WHERE subscription_id = '" + id + "'");
        return there;
    }

    private static long owed(UUID id) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                var row =
                        statement.executeQuery(
                                "SELECT count(*) FROM bus.pending_deliveries WHERE subscription_id = '"
                                        + id
                                        + "'")) {
            row.next();
            return row.getLong(1);
        }
    }
}
