package dev.jubilee.server.bus;

import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.bus.publish.PublishRoutes;
import dev.jubilee.server.bus.publish.Publisher;
import dev.jubilee.server.bus.settling.Settling;
import dev.jubilee.server.bus.store.EventStore;
import dev.jubilee.server.bus.topics.TopicRoutes;
import dev.jubilee.server.bus.topics.Topics;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.idempotency.Idempotency;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.InstantSource;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;

/**
 * The event bus of one instance. Start it after the change feed, and before a port serves its
 * routes.
 */
public final class Bus implements Routes, AutoCloseable {
    private final Admin admin;
    private final Topics topics;
    private final Publisher publisher;
    private final EventStore store;
    private final Settling settling;
    private final BusSettings settings;
    private final Idempotency idempotency;

    /**
     * @param kafka how clients reach Kafka: {@code bootstrap.servers} and the like
     */
    public Bus(
            Map<String, Object> kafka,
            Database database,
            ChangeFeed changes,
            Idempotency idempotency,
            BusSettings settings,
            InstantSource clock,
            MeterRegistry registry) {
        this.settings = settings;
        this.idempotency = idempotency;
        this.admin = Admin.create(kafka);
        this.topics =
                new Topics(
                        database,
                        changes,
                        admin,
                        new Audit(clock),
                        settings.topics(),
                        settings.publish().maxRecordBytes());
        this.publisher =
                new Publisher(kafka, topics.catalogue(), settings.publish(), clock, registry);
        this.store =
                new EventStore(
                        kafka,
                        admin,
                        database,
                        topics.catalogue(),
                        settings.store(),
                        clock,
                        registry);
        this.settling =
                new Settling(database, publisher, clock, settings.publish().timeout(), registry);
        Gauge.builder("event_bus_active_workers", this, Bus::activeWorkers)
                .description("Workers of the bus that are busy: sending, storing")
                .register(registry);
    }

    private int activeWorkers() {
        return (publisher.isBusy() ? 1 : 0) + (store.isBusy() ? 1 : 0);
    }

    /** Reads the topics and begins to work. */
    public void start() {
        topics.start();
        publisher.start();
        settling.start();
        store.start();
    }

    /** Makes topics, and knows them all. */
    public Topics topics() {
        return topics;
    }

    /** Publishes from within. */
    public Publisher publisher() {
        return publisher;
    }

    /** Tells what of all that was accepted has an outcome. */
    public Settling settling() {
        return settling;
    }

    /** Holds every event. */
    public EventStore store() {
        return store;
    }

    @Override
    public void on(Router router) {
        new TopicRoutes(topics, idempotency).on(router);
        new PublishRoutes(publisher, topics.catalogue(), settings.publish()).on(router);
        store.on(router);
    }

    /** Finishes what was accepted, and ends. */
    @Override
    public void close() {
        publisher.close();
        settling.close();
        store.close();
        admin.close();
    }
}
