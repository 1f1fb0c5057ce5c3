package dev.jubilee.server.bus.subscriptions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.bus.BusSettings;
import dev.jubilee.server.bus.topics.Topics;
import dev.jubilee.server.config.SettingsReader;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.testing.Platform;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.Base64;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a subscription is owed is dropped before it is rewound or deleted. */
class DroppingBacklogsTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final int OWED = OwedDeliveries.PART + 1;

    private final UUID id = UUID.randomUUID();
    private final Database database = new Database(platform.dataSource());
    private final ChangeFeed changes = new ChangeFeed(platform.dataSource());
    private final AtomicInteger answers = new AtomicInteger();
    private final Admin there = Admin.create(platform.kafka());
    private final Admin away;
    private final Subscriptions subscriptions;

    DroppingBacklogsTest() throws IOException {
        away = soonGivenUp(nobodysAddress());
        BusSettings settings = BusSettings.from(new SettingsReader(Map.of()), true);
        Topics topics =
                new Topics(
                        database,
                        changes,
                        there,
                        new Audit(platform.clock()),
                        settings.topics(),
                        1 << 20,
                        platform.clock());
        String topic = platform.createTopic(id.toString(), 1);
        execute(
                "INSERT INTO bus.topics (name, kafka_topic_id) VALUES ('%s', '%s')"
                        .formatted(topic, UUID.randomUUID()));
        topics.catalogue().refreshSoon().join();
        String key = Base64.getEncoder().encodeToString(new byte[32]);
        subscriptions =
                new Subscriptions(
                        new Subscriptions.Platform(
                                database,
                                changes,
                                answeringSoOften(),
                                topics.catalogue(),
                                platform.clock()),
                        settings.subscriptions(),
                        new SubscriptionSecrets(SecretBox.open(Path.of("target"), key)),
                        anywhere());
    }

    @BeforeEach
    void owe() {
        execute(
                """
                INSERT INTO bus.event_subscriptions (id, subscription_id, service_name, method)
                VALUES ('%1$s', '%1$s', 's', 'sse');
                INSERT INTO bus.pending_deliveries (subscription_id, id, event_id, event_type, topic, priority, body,
                    due_at, taken, accepted_at)
                SELECT '%1$s', n, 'e' || n, 'game.kill', 't', 1, '', now(), false, now()
                FROM generate_series(1, %2$d) n
                """
                        .formatted(id, OWED));
    }

    @AfterEach
    void close() {
        there.close();
        away.close();
    }

    @Test
    void nothingIsDroppedForARewindWhileKafkaIsAway() {
        assertThatThrownBy(this::startAnew)
                .hasMessageContaining("kafka_unavailable")
                .hasMessageContaining("nothing was done");

        assertThat(owed()).isEqualTo(OWED);
    }

    @Test
    void whatWasDroppedBeforeKafkaWentAwayIsSaid() {
        answers.set(1);

        assertThatThrownBy(this::startAnew)
                .hasMessageContaining("kafka_unavailable")
                .hasMessageContaining("most of what it was owed is dropped");

        assertThat(owed()).isEqualTo(OWED - OwedDeliveries.PART);
    }

    @Test
    void kafkaIsAskedOnceWhereLittleIsOwed() {
        execute(
                "DELETE FROM bus.pending_deliveries WHERE subscription_id = '%s' AND id > 10"
                        .formatted(id));
        answers.set(1);

        startAnew();

        assertThat(owed()).isEqualTo(10);
    }

    /** Of two that are the same both are let in, and the second gets the answer of the first. */
    @Test
    void whatTheSameRequestHasDeletedMeanwhileIsNotMissed() {
        execute("DELETE FROM bus.event_subscriptions WHERE id = '%s'".formatted(id));

        assertThatCode(() -> subscriptions.dropMost(Principal.PLATFORM, id))
                .doesNotThrowAnyException();
    }

    private void startAnew() {
        Subscription it = subscriptions.get(id.toString());
        subscriptions.startAnew(Principal.PLATFORM, it, StartFrom.NOW);
    }

    /** Each question begins with what there is; after so many of them nobody answers. */
    private Admin answeringSoOften() {
        return (Admin)
                Proxy.newProxyInstance(
                        Admin.class.getClassLoader(),
                        new Class<?>[] {Admin.class},
                        (proxy, method, arguments) -> {
                            boolean asks = method.getName().equals("describeTopics");
                            boolean answered = !asks || answers.getAndDecrement() > 0;
                            try {
                                return method.invoke(answered ? there : away, arguments);
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        });
    }

    private static Admin soonGivenUp(String brokers) {
        return Admin.create(
                Map.of(
                        "bootstrap.servers",
                        brokers,
                        "request.timeout.ms",
                        1_000,
                        "default.api.timeout.ms",
                        1_000));
    }

    private static String nobodysAddress() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return "127.0.0.1:" + free.getLocalPort();
        }
    }

    private static Endpoints anywhere() {
        return new Endpoints() {
            @Override
            public @Nullable String fault(DeliveryMethod method, String endpoint) {
                return null;
            }

            @Override
            public @Nullable String fault(DeliveryMethod method) {
                return null;
            }
        };
    }

    private int owed() {
        return database.read(connection -> {
            try (Statement statement = connection.createStatement();
                    ResultSet row =
                            statement.executeQuery(
                                    "SELECT count(*) FROM bus.pending_deliveries WHERE subscription_id = '%s'"
                                            .formatted(id))) {
                row.next();
                return row.getInt(1);
            }
        });
    }

    private void execute(String sql) {
        database.transaction(connection -> {
            try (Statement statement = connection.createStatement()) {
                return statement.execute(sql);
            }
        });
    }
}
