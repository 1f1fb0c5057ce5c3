package dev.jubilee.server.bus.delivery.catchup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.delivery.shards.Owned;
import dev.jubilee.server.bus.delivery.shards.Ownership;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.subscriptions.SubscriptionDirectory;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class CatchUpsTest {
    @RegisterExtension static final Platform platform = new Platform();

    private final SubscriptionDirectory directory =
            new SubscriptionDirectory(
                    new Database(platform.dataSource()), new ChangeFeed(platform.dataSource()));
    private final Ownership ownership = new Ownership();

    @Test
    void oneThatFailsKeepsNoOtherFromItsTurn() throws SQLException {
        behind("one");
        behind("other");
        directory.refresh();
        Owned.all(ownership);
        Queue<String> turns = new ConcurrentLinkedQueue<>();

        try (CatchUps catchUps =
                new CatchUps(
                        directory,
                        ownership,
                        subscription ->
                                longest -> {
                                    turns.add(subscription.serviceName());
                                    if (subscription.serviceName().equals("one")) {
                                        throw new IllegalStateException("it fails each time");
                                    }
                                    throw new NoClassDefFoundError("so does it");
                                })) {
            catchUps.start();
            Await.untilAsserted(
                    "both had a turn, and have another",
                    () ->
                            assertThat(turns)
                                    .contains("one", "other")
                                    .hasSizeGreaterThanOrEqualTo(4));
        }
    }

    private static void behind(String name) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    """
                    INSERT INTO bus.event_subscriptions (id, subscription_id, service_name, method, starts_at)
                    VALUES ('%1$s', '%1$s', '%2$s', 'sse', '{"%3$s": [%4$d]}');
                    UPDATE bus.subscription_version SET version = version + 1
                    """
                            .formatted(
                                    UUID.randomUUID(),
                                    name,
                                    UUID.randomUUID(),
                                    Subscription.CATCHING_UP));
        }
    }
}
