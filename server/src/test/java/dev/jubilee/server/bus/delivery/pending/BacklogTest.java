package dev.jubilee.server.bus.delivery.pending;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.bus.BusSettings;
import dev.jubilee.server.bus.delivery.clearance.Clearance;
import dev.jubilee.server.bus.subscriptions.DeliveryMethod;
import dev.jubilee.server.bus.subscriptions.RetryPolicy;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.topics.TopicCatalogue;
import dev.jubilee.server.bus.topics.Topics;
import dev.jubilee.server.config.SettingsReader;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Fifty events of a key that is parked, and ten of others behind them. */
class BacklogTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final int BODY = 100;

    private final UUID id = UUID.randomUUID();
    private final Database database = new Database(platform.dataSource());
    private final Admin admin = Admin.create(Map.of("bootstrap.servers", platform.brokers()));
    private final TopicCatalogue catalogue = topics().catalogue();
    private final Backlog backlog =
            new Backlog(database, new Clearance(catalogue), platform.clock());

    @BeforeEach
    void owe() throws SQLException {
        owe(1, 50, "parked");
        owe(51, 60, "other");
    }

    @AfterEach
    void close() {
        admin.close();
    }

    /** It is seen by what came since: that is found when all is read that was found at first. */
    @ParameterizedTest
    @EnumSource(Subscription.Ordering.class)
    void whatIsPassedOverIsPassedOverOnceForManyPages(Subscription.Ordering ordering)
            throws SQLException {
        DeliveryLoader.Loaded first = load(ordering, 4, Long.MAX_VALUE, LoadPlan.NONE);
        assertThat(ids(first)).containsExactly(51L, 52L, 53L, 54L);
        owe(0, 0, "late");

        DeliveryLoader.Loaded second = load(ordering, 4, Long.MAX_VALUE, first.rest());
        assertThat(ids(second)).containsExactly(55L, 56L, 57L, 58L);
        DeliveryLoader.Loaded third = load(ordering, 4, Long.MAX_VALUE, second.rest());
        assertThat(ids(third)).containsExactly(59L, 60L);
        assertThat(third.rest().isEmpty()).isTrue();
        assertThat(third.next()).as("something may have come").isNotNull();

        delete(51, 60);
        DeliveryLoader.Loaded last = load(ordering, 4, Long.MAX_VALUE, third.rest());
        assertThat(ids(last)).containsExactly(0L);
        assertThat(last.next()).as("nothing is left").isNull();
    }

    @Test
    void whatDoesNotFitComesWithTheNextPage() {
        long two = 2L * (BODY + Delivery.OVERHEAD);

        DeliveryLoader.Loaded first = load(Subscription.Ordering.KEY, 4, two, LoadPlan.NONE);
        DeliveryLoader.Loaded second = load(Subscription.Ordering.KEY, 4, two, first.rest());

        assertThat(ids(first)).containsExactly(51L, 52L);
        assertThat(ids(second)).containsExactly(53L, 54L);
    }

    @Test
    void whatIsKnownByThenIsNotReadAgain() {
        LoadPlan rest = load(Subscription.Ordering.KEY, 4, Long.MAX_VALUE, LoadPlan.NONE).rest();

        var wanted =
                new DeliveryLoader.Wanted(
                        List.of(), 2, Long.MAX_VALUE, List.of(55L, 57L), List.of("parked"), rest);
        DeliveryLoader.Loaded second =
                backlog.load(subscription(Subscription.Ordering.KEY), wanted).join();

        assertThat(ids(second)).containsExactly(56L, 58L);
        assertThat(ids(load(Subscription.Ordering.KEY, 4, Long.MAX_VALUE, second.rest())))
                .containsExactly(59L, 60L);
    }

    /** Else what was found before would be behind what is read next. */
    @Test
    void whatIsOfATopicThatIsClosedForAMomentIsNotPassedOver() throws SQLException {
        LoadPlan open = load(Subscription.Ordering.KEY, 4, Long.MAX_VALUE, LoadPlan.NONE).rest();
        delete(51, 54);
        execute(
                "INSERT INTO bus.topics (name, kafka_topic_id, requires_auth) VALUES ('t', gen_random_uuid(), true)");
        catalogue.refreshSoon().join();

        DeliveryLoader.Loaded closed = load(Subscription.Ordering.KEY, 4, Long.MAX_VALUE, open);
        assertThat(ids(closed)).isEmpty();
        execute("DELETE FROM bus.topics");
        catalogue.refreshSoon().join();

        assertThat(ids(load(Subscription.Ordering.KEY, 4, Long.MAX_VALUE, closed.rest())))
                .containsExactly(55L, 56L, 57L, 58L);
    }

    private DeliveryLoader.Loaded load(
            Subscription.Ordering ordering, int limit, long bytes, LoadPlan plan) {
        var wanted =
                new DeliveryLoader.Wanted(
                        List.of(), limit, bytes, List.of(), List.of("parked"), plan);
        return backlog.load(subscription(ordering), wanted).join();
    }

    private static List<Long> ids(DeliveryLoader.Loaded loaded) {
        return loaded.others().stream().map(Delivery::id).toList();
    }

    private void owe(long from, long to, String key) throws SQLException {
        execute(
                """
                INSERT INTO bus.pending_deliveries (subscription_id, id, event_id, event_type, topic, key, priority,
                    body, due_at, taken, accepted_at)
                SELECT '%s', n, 'e' || n, 'game.kill', 't', '%s', 1, convert_to(repeat('x', %d), 'UTF8'),
                    '2020-01-01', false, '2020-01-01'
                FROM generate_series(%d, %d) n
                """
                        .formatted(id, key, BODY, from, to));
    }

    private void delete(long from, long to) throws SQLException {
        execute(
                "DELETE FROM bus.pending_deliveries WHERE subscription_id = '%s' AND id BETWEEN %d AND %d"
                        .formatted(id, from, to));
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private Topics topics() {
        BusSettings settings = BusSettings.from(new SettingsReader(Map.of()), true);
        return new Topics(
                database,
                new ChangeFeed(platform.dataSource()),
                admin,
                new Audit(platform.clock()),
                settings.topics(),
                1 << 20,
                platform.clock());
    }

    private Subscription subscription(Subscription.Ordering ordering) {
        Instant now = platform.clock().instant();
        return new Subscription(
                id,
                "service",
                "#",
                List.of(),
                DeliveryMethod.WEBHOOK,
                "http://localhost/hook",
                null,
                null,
                null,
                new RetryPolicy(5, Duration.ofSeconds(60), null),
                0,
                new Subscription.Batching(false, 1, Duration.ofSeconds(1)),
                true,
                Duration.ofSeconds(30),
                ordering,
                "now",
                Map.of(),
                new Principal("game", Role.SERVICE),
                new Subscription.State(
                        Subscription.Status.ACTIVE, null, "closed", null, now, now, now, 0));
    }
}
