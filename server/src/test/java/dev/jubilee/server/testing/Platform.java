package dev.jubilee.server.testing;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.ThreadLocalRandom;
import javax.sql.DataSource;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Real servers for a test class: {@code @RegisterExtension static final Platform platform = new
 * Platform();}
 *
 * <p>PostgreSQL and Kafka are started once a JVM and shared (a run is a class where there are
 * several JVMs, so it is the session that holds them); each class has a migrated database and topic
 * names of its own, so classes neither see each other nor clean up. The clock belongs to the class
 * as well.
 */
public final class Platform implements BeforeAllCallback, AfterAllCallback {
    private static final ExtensionContext.Namespace SHARED =
            ExtensionContext.Namespace.create(Platform.class);

    private final MutableClock clock = new MutableClock();
    private final String prefix =
            "t" + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt()) + ".";
    private @Nullable SharedServers shared;
    private @Nullable String database;

    @Override
    public void beforeAll(ExtensionContext context) {
        SharedServers servers =
                context.getStore(ExtensionContext.StoreScope.LAUNCHER_SESSION, SHARED)
                        .computeIfAbsent(
                                SharedServers.class,
                                key -> new SharedServers(),
                                SharedServers.class);
        shared = servers;
        database = servers.createDatabase();
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (database != null) {
            shared().dropDatabase(database);
        }
    }

    /** JDBC address of this class's own database, migrated and empty. */
    public String databaseUrl() {
        return shared().urlOf(Objects.requireNonNull(database));
    }

    public String user() {
        return shared().servers().user();
    }

    public String password() {
        return shared().servers().password();
    }

    /** JDBC address of one more migrated, empty database, for tests of two platforms. */
    public String anotherDatabase() {
        return shared().urlOf(shared().createDatabase());
    }

    /** A new connection at each call; unpooled. */
    public Connection connection() throws SQLException {
        return dataSource().getConnection();
    }

    /** Hands out new, unpooled connections. */
    public DataSource dataSource() {
        return shared().dataSource(databaseUrl());
    }

    public String brokers() {
        return shared().servers().kafkaBrokers();
    }

    /** Goes before the names of this class's topics and consumer groups. */
    public String prefix() {
        return prefix;
    }

    /** The name of a topic that no other class uses. Makes nothing. */
    public String topic(String name) {
        return prefix + name;
    }

    /** Makes a topic under {@link #topic(String)} and returns its full name. */
    public String createTopic(String name, int partitions) {
        String full = topic(name);
        Map<String, Object> where = Map.of(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, brokers());
        try (Admin admin = Admin.create(where)) {
            admin.createTopics(List.of(new NewTopic(full, partitions, (short) 1)))
                    .all()
                    .toCompletionStage()
                    .toCompletableFuture()
                    .join();
        }
        return full;
    }

    /** Kafka client settings that name this broker; add what the client needs. */
    public Properties kafka() {
        Properties properties = new Properties();
        properties.setProperty(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, brokers());
        return properties;
    }

    public MutableClock clock() {
        return clock;
    }

    private SharedServers shared() {
        return Objects.requireNonNull(
                shared, "the extension has not been started: is the field static?");
    }
}
