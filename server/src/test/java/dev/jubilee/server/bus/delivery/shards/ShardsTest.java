package dev.jubilee.server.bus.delivery.shards;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.delivery.attempts.AttemptStore;
import dev.jubilee.server.bus.delivery.attempts.Recorder;
import dev.jubilee.server.bus.subscriptions.SubscriptionDirectory;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ShardsTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Shards.Patience PATIENCE =
            new Shards.Patience(Duration.ofMillis(100), Duration.ofSeconds(10));

    /** Remembers what it was told. */
    private static final class Told implements ShardWork {
        final List<Set<Integer>> begun = new CopyOnWriteArrayList<>();
        final List<Set<Integer>> left = new CopyOnWriteArrayList<>();
        private volatile CompletableFuture<Void> drained;

        Told(CompletableFuture<Void> drained) {
            this.drained = drained;
        }

        @Override
        public void takeOver(Set<Integer> shards) {
            begun.add(shards);
        }

        @Override
        public CompletableFuture<Void> drain(Set<Integer> shards) {
            return drained.copy();
        }

        @Override
        public CompletableFuture<Void> leave(Set<Integer> shards) {
            left.add(shards);
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public void drop() {
            // Nobody deposes it here.
        }
    }

    /** Who has nothing under way must not forget what it has while another still sends. */
    @Test
    void whatDoesNotEndInTimeStaysHereAndNobodyForgetsAnythingOfIt() throws SQLException {
        Database database = new Database(platform.dataSource());
        SubscriptionDirectory directory =
                new SubscriptionDirectory(database, new ChangeFeed(platform.dataSource()));
        Ownership ownership = new Ownership();
        Told idle = new Told(CompletableFuture.completedFuture(null));
        Told busy = new Told(new CompletableFuture<>());
        try (Recorder recorder =
                        new Recorder(
                                database,
                                new AttemptStore(AttemptStore.partitions(database)),
                                attempt -> {});
                Shards shards =
                        new Shards(
                                database,
                                directory,
                                ownership,
                                List.of(idle, busy),
                                recorder,
                                PATIENCE)) {
            recorder.start();
            shards.start();
            assertThat(ownership.tenure().shards()).hasSize(Shards.COUNT);

            another();
            Await.untilAsserted(
                    "both go on, twice",
                    () -> {
                        assertThat(idle.begun).hasSizeGreaterThan(2);
                        assertThat(busy.begun).hasSizeGreaterThan(2);
                    });
            assertThat(idle.left).isEmpty();
            assertThat(busy.left).isEmpty();
            assertThat(owned()).isEqualTo(Shards.COUNT);

            busy.drained = CompletableFuture.completedFuture(null);
            Await.untilAsserted(
                    "half is given away", () -> assertThat(owned()).isEqualTo(Shards.COUNT / 2));
            assertThat(ownership.tenure().shards()).hasSize(Shards.COUNT / 2);
            assertThat(idle.left).isEqualTo(busy.left).hasSize(1);
        }
    }

    private static void another() throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    "INSERT INTO bus.delivery_instances VALUES (gen_random_uuid(), 'infinity')");
        }
    }

    private static int owned() throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                var row =
                        statement.executeQuery(
                                "SELECT count(*) FROM bus.delivery_shards WHERE owner IS NOT NULL")) {
            row.next();
            return row.getInt(1);
        }
    }
}
