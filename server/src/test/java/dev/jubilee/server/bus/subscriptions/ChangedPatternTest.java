package dev.jubilee.server.bus.subscriptions;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.PartitionId;
import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.bus.BusSettings;
import dev.jubilee.server.bus.topics.Topics;
import dev.jubilee.server.config.SettingsReader;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.testing.Platform;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ChangedPatternTest {
    @RegisterExtension static final Platform platform = new Platform();

    private final UUID id = UUID.randomUUID();
    private final UUID again = UUID.randomUUID();
    private final UUID other = UUID.randomUUID();

    /** Its pattern was changed away and back while it caught up. */
    @Test
    void whatRoutingBringsFromNowOnIsNotCaughtUpWithAsWell() throws SQLException {
        try (Admin admin = Admin.create(platform.kafka());
                Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    """
                    INSERT INTO bus.event_subscriptions (id, subscription_id, service_name, method)
                    VALUES ('%1$s', '%1$s', 's', 'sse');
                    INSERT INTO bus.subscription_catch_ups VALUES
                        ('%1$s', '%2$s', 0, 'again', 3), ('%1$s', '%3$s', 0, 'other', 3)
                    """
                            .formatted(id, again, other));
            Subscriptions subscriptions = subscriptions(admin);
            Subscription it = subscriptions.get(id.toString());
            StartPositions.Ends more =
                    new StartPositions.Ends(
                            Map.of(again, "again"), Map.of(new PartitionId(again, 0), 7L));

            subscriptions.change(
                    connection,
                    Principal.PLATFORM,
                    it,
                    new SubscriptionReader.Read(it, null, false),
                    more);

            assertThat(subscriptions.get(id.toString()).startsAt())
                    .containsEntry(again, List.of(7L));
            assertThat(catchUps(statement)).containsExactly(other);
        }
    }

    private static List<UUID> catchUps(Statement statement) throws SQLException {
        try (ResultSet row =
                statement.executeQuery("SELECT topic_id FROM bus.subscription_catch_ups")) {
            List<UUID> found = new ArrayList<>();
            while (row.next()) {
                found.add(row.getObject(1, UUID.class));
            }
            return found;
        }
    }

    private static Subscriptions subscriptions(Admin admin) {
        Database database = new Database(platform.dataSource());
        ChangeFeed changes = new ChangeFeed(platform.dataSource());
        BusSettings settings = BusSettings.from(new SettingsReader(Map.of()), true);
        Topics topics =
                new Topics(
                        database,
                        changes,
                        admin,
                        new Audit(platform.clock()),
                        settings.topics(),
                        1 << 20,
                        platform.clock());
        String key = Base64.getEncoder().encodeToString(new byte[32]);
        return new Subscriptions(
                new Subscriptions.Platform(
                        database, changes, admin, topics.catalogue(), platform.clock()),
                settings.subscriptions(),
                new SubscriptionSecrets(SecretBox.open(Path.of("target"), key)),
                new Endpoints() {
                    @Override
                    public @Nullable String fault(DeliveryMethod method, String endpoint) {
                        return null;
                    }

                    @Override
                    public @Nullable String fault(DeliveryMethod method) {
                        return null;
                    }
                });
    }
}
