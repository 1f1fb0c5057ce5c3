package dev.jubilee.server.bus.delivery;

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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class DeadLetterCopiesTest {
    @RegisterExtension static final Platform platform = new Platform();

    private final UUID subscription = UUID.randomUUID();
    private final List<List<Envelope>> published = new CopyOnWriteArrayList<>();

    @Test
    void largeOnesAreCopiedFewAtATimeAndTheLargestByItself() throws SQLException {
        dead(3_000_000, 500_000, 500_000, 500_000, 500_000, 500_000, 500_000, 100, 100);

        try (DeadLetterCopies copies =
                new DeadLetterCopies(
                        new Database(platform.dataSource()),
                        platform.clock(),
                        topic -> true,
                        events -> {
                            published.add(events);
                            return CompletableFuture.completedFuture(null);
                        })) {
            copies.start();
            Await.untilAsserted("none is due", () -> assertThat(due()).isZero());
        }

        assertThat(published).extracting(List::size).containsExactly(1, 5, 3);
        assertThat(published.stream().flatMap(List::stream))
                .extracting(Envelope::causationId)
                .containsExactly("e1", "e2", "e3", "e4", "e5", "e6", "e7", "e8", "e9");
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

    private static int due() throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                var row =
                        statement.executeQuery(
                                "SELECT count(*) FROM bus.dead_letters WHERE copy_due")) {
            row.next();
            return row.getInt(1);
        }
    }
}
