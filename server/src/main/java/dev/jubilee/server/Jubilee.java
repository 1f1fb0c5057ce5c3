package dev.jubilee.server;

import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.metrics.micrometer.MicrometerMetricsTrackerFactory;
import dev.jubilee.events.postgres.PostgresOffsets;
import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.bus.Bus;
import dev.jubilee.server.bus.delivery.windows.DeliveryMemory;
import dev.jubilee.server.bus.subscriptions.SecretBox;
import dev.jubilee.server.config.ServerSettings;
import dev.jubilee.server.credentials.Credentials;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.ConnectionPool;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.Migrations;
import dev.jubilee.server.http.AnswerMemory;
import dev.jubilee.server.http.BodyMemory;
import dev.jubilee.server.http.Edge;
import dev.jubilee.server.http.HttpLimits;
import dev.jubilee.server.http.HttpMetrics;
import dev.jubilee.server.http.HttpPort;
import dev.jubilee.server.http.RateLimits;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.idempotency.Idempotency;
import dev.jubilee.server.liveops.LiveOps;
import dev.jubilee.server.liveops.progress.ProgressBus;
import dev.jubilee.server.observability.Health;
import dev.jubilee.server.observability.HealthRoutes;
import dev.jubilee.server.observability.Metrics;
import dev.jubilee.server.observability.ObservabilityRoutes;
import dev.jubilee.server.observability.Probes;
import dev.jubilee.server.openapi.OpenApiRoutes;
import dev.jubilee.server.outbox.Outbox;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The program: every part made by hand, started in order, ended in the reverse order. The only
 * class that knows them all. PostgreSQL and Kafka must be there.
 */
public final class Jubilee implements AutoCloseable {
    /** The version that health checks report. */
    public static final String VERSION = "0.1.0";

    private static final int LIVE_OPS_PARTITIONS = 6;

    /** The part of the heap that events may take while they wait to be sent. */
    private static final int DELIVERY_SHARE = 6;

    private static final Logger log = LoggerFactory.getLogger(Jubilee.class);

    private final Deque<AutoCloseable> running = new ArrayDeque<>();
    private final JubileeSettings settings;
    private final InstantSource clock;
    private final RateLimits rateLimits;
    private final BodyMemory bodies;
    private final AnswerMemory answers = new AnswerMemory();
    private final DeliveryMemory deliveries;
    private @Nullable HttpPort busPort;
    private @Nullable HttpPort liveOpsPort;
    private @Nullable HttpPort metricsPort;
    private @Nullable Path adminKeyFile;

    private Jubilee(JubileeSettings settings, InstantSource clock) {
        this.settings = settings;
        this.clock = clock;
        this.rateLimits = new RateLimits(settings.rateLimits(), System::nanoTime);
        this.bodies =
                new BodyMemory(
                        Math.max(
                                settings.busLimits().maxBody(),
                                settings.liveOpsLimits().maxBody()));
        this.deliveries = new DeliveryMemory(Runtime.getRuntime().maxMemory() / DELIVERY_SHARE);
    }

    /**
     * Migrates the database, starts everything and listens.
     *
     * @param ownDatabase whether the database belongs to this data folder alone, so that a lost
     *     admin key may be made anew
     * @throws RuntimeException when a part cannot start; what had started is ended again
     */
    public static Jubilee start(
            JubileeSettings settings, boolean ownDatabase, InstantSource clock) {
        Jubilee jubilee = new Jubilee(settings, clock);
        try {
            jubilee.startAll(ownDatabase);
            return jubilee;
        } catch (RuntimeException e) {
            jubilee.close();
            throw e;
        }
    }

    /** The port of the bus; 0 when this instance has no such role. */
    public int busPort() {
        return busPort == null ? 0 : busPort.port();
    }

    /** The port of live-ops; 0 when this instance has no such role. */
    public int liveOpsPort() {
        return liveOpsPort == null ? 0 : liveOpsPort.port();
    }

    /** The port of metrics and health. */
    public int metricsPort() {
        return metricsPort == null ? 0 : metricsPort.port();
    }

    /** What the bus answers to. */
    List<Router.Route> busRoutes() {
        return busPort == null ? List.of() : busPort.routes();
    }

    /** What live-ops answers to. */
    List<Router.Route> liveOpsRoutes() {
        return liveOpsPort == null ? List.of() : liveOpsPort.routes();
    }

    /** Where the first admin key is. */
    public Path adminKeyFile() {
        return Objects.requireNonNull(adminKeyFile, "not started");
    }

    /** Takes no more requests, finishes what was accepted, and ends every part. */
    @Override
    public void close() {
        while (!running.isEmpty()) {
            AutoCloseable part = running.pop();
            try {
                part.close();
            } catch (Exception e) {
                log.warn("{} did not end in order", part.getClass().getSimpleName(), e);
            }
        }
    }

    private void startAll(boolean ownDatabase) {
        ServerSettings server = settings.server();
        Metrics metrics = ending(new Metrics());
        Storage storage = openStorage(metrics, ownDatabase);
        Map<String, Object> kafka = KafkaClients.settings(server, server.busGroupId());
        tellOfAutoCommit();
        Admin admin = ending(KafkaClients.admin(server, kafka));
        Health health =
                ending(
                        new Health(
                                Map.of(
                                        Probes.POSTGRESQL, Probes.postgresql(storage.database()),
                                        Probes.KAFKA, Probes.kafka(admin)),
                                System::nanoTime));
        Vertx vertx = vertx();
        // First, and so closed last: who asks sees that it is not ready yet, or no more.
        metricsPort = listenForOperators(vertx, storage.credentials(), metrics, health);
        health.start();
        Bus bus = startBus(storage, kafka, metrics, ownDatabase);
        LiveOps liveOps = startLiveOps(storage, bus, admin, metrics);
        listen(vertx, new Parts(metrics, health, storage, bus, liveOps));
        health.serving();
        running.push(health::stopping);
    }

    /** What every feature keeps its state with. */
    private record Storage(
            HikariDataSource pool,
            Database database,
            ChangeFeed changes,
            Audit audit,
            Idempotency idempotency,
            Credentials credentials) {}

    private Storage openStorage(Metrics metrics, boolean ownDatabase) {
        ServerSettings server = settings.server();
        ConnectionPool.Address address = databaseOf(server);
        Migrations.apply(ConnectionPool.unpooled(address));
        HikariDataSource pool =
                ending(
                        ConnectionPool.open(
                                address,
                                server.databasePoolSize(),
                                server.databaseTimeout(),
                                server.databaseAnswerTimeout()));
        pool.setMetricsTrackerFactory(new MicrometerMetricsTrackerFactory(metrics.registry()));
        Database database = new Database(pool, Math.max(1, server.databasePoolSize() / 4));
        ChangeFeed changes = ending(new ChangeFeed(pool));
        changes.start();
        Audit audit = new Audit(clock);
        Idempotency idempotency =
                ending(new Idempotency(database, clock, settings.idempotencyRetention()));
        idempotency.start();
        Credentials credentials =
                ending(new Credentials(database, changes, clock, audit, settings.credentials()));
        adminKeyFile = credentials.start(server.home(), ownDatabase);
        return new Storage(pool, database, changes, audit, idempotency, credentials);
    }

    private void tellOfAutoCommit() {
        if (settings.server().kafkaAutoCommit()) {
            log.info(
                    "KAFKA_ENABLE_AUTO_COMMIT=true has no effect: what was consumed is committed with"
                            + " its effects, and those who consume topics themselves set it"
                            + " themselves");
        }
    }

    private Bus startBus(
            Storage storage, Map<String, Object> kafka, Metrics metrics, boolean ownDatabase) {
        Bus bus =
                ending(
                        new Bus(
                                kafka,
                                storage.database(),
                                storage.changes(),
                                storage.idempotency(),
                                settings.bus(),
                                SecretBox.open(
                                        settings.server().home(),
                                        settings.bus().subscriptions().secretKey()),
                                clock,
                                metrics.registry(),
                                deliveries));
        if (ownDatabase) {
            bus.settling().forgetOthers();
        }
        bus.start();
        return bus;
    }

    private LiveOps startLiveOps(Storage storage, Bus bus, Admin admin, Metrics metrics) {
        ServerSettings server = settings.server();
        LiveOps liveOps =
                ending(
                        new LiveOps(
                                new LiveOps.Platform(
                                        storage.database(),
                                        storage.changes(),
                                        storage.idempotency(),
                                        storage.audit(),
                                        clock,
                                        metrics.registry()),
                                busOf(
                                        bus,
                                        KafkaClients.settings(server, server.liveOpsGroupId()),
                                        admin,
                                        storage.pool(),
                                        settings.bus().store().retention()),
                                settings.liveOps()));
        bus.traces().ask(new LiveOpsTrace(liveOps.effects()));
        if (server.roles().contains("liveops")) {
            bus.topics().ensureSystemTopic(Outbox.LIVEOPS_TOPIC, LIVE_OPS_PARTITIONS);
            liveOps.start();
        }
        return liveOps;
    }

    private static LiveOps.Bus busOf(
            Bus bus,
            Map<String, Object> kafka,
            Admin admin,
            HikariDataSource pool,
            Duration retention) {
        LiveOpsBus liveOpsBus = new LiveOpsBus(bus, admin);
        PostgresOffsets offsets = new PostgresOffsets(pool, "platform.consumer_offsets");
        ProgressBus events = new ProgressBus(kafka, admin, offsets, liveOpsBus);
        return new LiveOps.Bus(liveOpsBus, liveOpsBus, events, retention);
    }

    private HttpPort listenForOperators(
            Vertx vertx, Credentials credentials, Metrics metrics, Health health) {
        Router router = new Router();
        new ObservabilityRoutes(metrics, health).on(router);
        return listen(
                vertx,
                credentials,
                router,
                settings.server().metricsPort(),
                settings.liveOpsLimits(),
                new HttpMetrics(metrics.registry(), "metrics"));
    }

    private record Parts(
            Metrics metrics, Health health, Storage storage, Bus bus, LiveOps liveOps) {}

    private Vertx vertx() {
        Vertx vertx =
                Vertx.vertx(
                        new VertxOptions()
                                .setPreferNativeTransport(true)
                                .setEventLoopPoolSize(settings.server().workers()));
        running.push(() -> vertx.close().await());
        return vertx;
    }

    private void listen(Vertx vertx, Parts parts) {
        if (settings.server().roles().contains("bus")) {
            Router router = new Router();
            parts.bus().on(router);
            healthRoutes(parts, "event-bus-service").on(router);
            OpenApiRoutes.bus().on(router);
            busPort =
                    listen(
                            vertx,
                            parts.storage().credentials(),
                            router,
                            settings.server().busPort(),
                            settings.busLimits(),
                            new HttpMetrics(parts.metrics().registry(), "bus"));
        }
        if (settings.server().roles().contains("liveops")) {
            Router router = new Router();
            parts.liveOps().on(router);
            parts.storage().credentials().routes(parts.storage().idempotency()).on(router);
            healthRoutes(parts, "event-service").on(router);
            OpenApiRoutes.liveops().on(router);
            liveOpsPort =
                    listen(
                            vertx,
                            parts.storage().credentials(),
                            router,
                            settings.server().liveOpsPort(),
                            settings.liveOpsLimits(),
                            new HttpMetrics(parts.metrics().registry(), "live-ops"));
        }
    }

    private HttpPort listen(
            Vertx vertx,
            Credentials credentials,
            Router router,
            int port,
            HttpLimits limits,
            HttpMetrics metrics) {
        Edge edge =
                new Edge(
                        credentials,
                        rateLimits,
                        limits,
                        settings.proxies(),
                        bodies,
                        answers,
                        metrics);
        ServerSettings server = settings.server();
        return ending(HttpPort.listen(vertx, server.host(), port, router, edge, server.workers()));
    }

    private HealthRoutes healthRoutes(Parts parts, String domain) {
        return new HealthRoutes(
                parts.health(),
                new HealthRoutes.Service(
                        domain,
                        VERSION,
                        parts.bus().topics().catalogue()::activeCount,
                        () -> parts.bus().delivery().active()),
                clock);
    }

    private static ConnectionPool.Address databaseOf(ServerSettings server) {
        String url = Objects.requireNonNull(server.databaseUrl(), "DATABASE_URL is not set");
        return ConnectionPool.Address.of(url, server.databaseUser(), server.databasePassword());
    }

    private <T extends AutoCloseable> T ending(T part) {
        running.push(part);
        return part;
    }
}
