package dev.jubilee.server.bus.delivery.deadletters;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.tck.Await;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class DeadLetterCopiesTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final DeadLetterStore.Query ALL = DeadLetterStore.Query.ALL;

    private final UUID subscription = UUID.randomUUID();
    private final List<List<Envelope>> published = new CopyOnWriteArrayList<>();

    @Test
    void largeOnesAreCopiedFewAtATimeAndTheLargestByItself() throws SQLException {
        dead(3_000_000, 500_000, 500_000, 500_000, 500_000, 500_000, 500_000, 100, 100);

        try (DeadLetterCopies copies = copies()) {
            copies.start();
            Await.untilAsserted(
                    "none is due",
                    () -> assertThat(count("bus.dead_letters WHERE copy_due")).isZero());
        }

        assertThat(published).extracting(List::size).containsExactly(1, 5, 3);
        assertThat(published.stream().flatMap(List::stream))
                .extracting(Envelope::causationId)
                .containsExactly("e1", "e2", "e3", "e4", "e5", "e6", "e7", "e8", "e9");
    }

    @Test
    void whatIsRedrivenOrDroppedBeforeItIsCopiedIsCopiedAllTheSame() throws SQLException {
        dead(10, 10, 10, 10);
        Database database = new Database(platform.dataSource());
        int redriven =
                database.transaction(c -> {
                    UUID first =
                            DeadLetterStore.page(c, subscription, ALL, List.of(), null, 1)
                                    .getFirst()
                                    .id();
                    assertThat(DeadLetterStore.drop(c, subscription, first)).isTrue();
                    return DeadLetterStore.redrive(c, subscription, ALL, new UUID(-1, -1), 2);
                });
        assertThat(redriven).isEqualTo(2);
        execute("DELETE FROM bus.event_subscriptions WHERE id = '" + subscription + "'");

        try (DeadLetterCopies copies = copies()) {
            copies.start();
            Await.untilAsserted(
                    "all are copied",
                    () ->
                            assertThat(published.stream().flatMap(List::stream))
                                    .extracting(Envelope::causationId)
                                    .containsExactly("e1", "e2", "e3", "e4"));
            Await.untilAsserted(
                    "nothing is kept",
                    () -> assertThat(count("bus.removed_dead_letters")).isZero());
        }
    }

    /** What it went on to copy would be somebody else's. */
    @Test
    void closingWaitsForWhatIsUnderWay() throws Exception {
        dead(10);
        CountDownLatch underWay = new CountDownLatch(1);
        AtomicBoolean endedFirst = new AtomicBoolean();
        AtomicReference<Thread> closing = new AtomicReference<>();
        DeadLetterCopies copies =
                copies(events -> {
                    underWay.countDown();
                    Await.until("it is closed", () -> waitsOrEnded(closing.get()));
                    endedFirst.set(closing.get().isAlive());
                    return CompletableFuture.completedFuture(null);
                });
        copies.start();
        underWay.await();

        closing.set(Thread.ofVirtual().start(copies::close));
        closing.get().join();

        assertThat(endedFirst).isTrue();
        assertThat(count("bus.dead_letters WHERE copy_due")).isZero();
    }

    private static boolean waitsOrEnded(@Nullable Thread closing) {
        return closing != null
                && (closing.getState() == Thread.State.TIMED_WAITING
                        || closing.getState() == Thread.State.TERMINATED);
    }

    /** To go on at once would copy the same until they let go of it. */
    @Test
    void whatSomebodyHoldsIsLeftForTheNextLook() throws Exception {
        dead(10);
        try (DeadLetterCopies copies = copies();
                Connection redriving = platform.connection();
                Statement statement = redriving.createStatement()) {
            redriving.setAutoCommit(false);
            statement.execute(
                    "SELECT FROM bus.dead_letters WHERE subscription_id = '%s' FOR UPDATE"
                            .formatted(subscription));
            assertThat(copies.step()).isFalse();

            redriving.rollback();
            assertThat(copies.step()).isTrue();
            assertThat(copies.step()).isFalse();
        }
        assertThat(published).hasSize(2);
    }

    private void dead(int... sizes) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    """
                    INSERT INTO bus.event_subscriptions (id, subscription_id, service_name) VALUES ('%1$s', '%1$s', 's')
                    """
                            .formatted(subscription));
            for (int i = 0; i < sizes.length; i++) {
                statement.execute(
                        """
                        INSERT INTO bus.dead_letters (id, subscription_id, event_id, event_type, topic, priority, body,
                            attempts, reason, accepted_at, dead_at)
                        VALUES (uuidv7(), '%s', 'e%d', 'game.kill', 't', 1, convert_to(repeat('x', %d), 'UTF8'), 1, 'r',
                            now(), now())
                        """
                                .formatted(subscription, i + 1, sizes[i]));
            }
        }
    }

    private DeadLetterCopies copies() {
        return copies(events -> {
            published.add(events);
            return CompletableFuture.completedFuture(null);
        });
    }

    private DeadLetterCopies copies(DeadLetterCopies.Target target) {
        return new DeadLetterCopies(
                new Database(platform.dataSource()), platform.clock(), topic -> true, target);
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static int count(String which) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                var row = statement.executeQuery("SELECT count(*) FROM " + which)) {
            row.next();
            return row.getInt(1);
        }
    }
}
