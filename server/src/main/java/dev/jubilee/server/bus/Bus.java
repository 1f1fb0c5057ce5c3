package dev.jubilee.server.bus;

import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.bus.delivery.DeliveryEngine;
import dev.jubilee.server.bus.delivery.windows.DeliveryMemory;
import dev.jubilee.server.bus.publish.PublishRoutes;
import dev.jubilee.server.bus.publish.Publisher;
import dev.jubilee.server.bus.replay.Replays;
import dev.jubilee.server.bus.search.EventSearch;
import dev.jubilee.server.bus.search.EventViews;
import dev.jubilee.server.bus.search.SearchRoutes;
import dev.jubilee.server.bus.search.StoredEvents;
import dev.jubilee.server.bus.settling.Settling;
import dev.jubilee.server.bus.stats.Activity;
import dev.jubilee.server.bus.stats.Statistics;
import dev.jubilee.server.bus.store.EventStore;
import dev.jubilee.server.bus.subscriptions.SecretBox;
import dev.jubilee.server.bus.subscriptions.SubscriptionRoutes;
import dev.jubilee.server.bus.subscriptions.SubscriptionSecrets;
import dev.jubilee.server.bus.subscriptions.Subscriptions;
import dev.jubilee.server.bus.topics.TopicGrantRoutes;
import dev.jubilee.server.bus.topics.TopicRoutes;
import dev.jubilee.server.bus.topics.Topics;
import dev.jubilee.server.bus.trace.TraceRoutes;
import dev.jubilee.server.bus.trace.Traces;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.http.client.OutboundHttp;
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
    private final Statistics statistics;
    private final EventSearch search;
    private final EventViews views;
    private final Traces traces;
    private final Replays replays;
    private final OutboundHttp http;
    private final Subscriptions subscriptions;
    private final DeliveryEngine delivery;
    private final BusSettings settings;
    private final Idempotency idempotency;
    private final InstantSource clock;

    /**
     * @param kafka how clients reach Kafka: {@code bootstrap.servers} and the like
     * @param deliveries for events that wait to be sent
     */
    public Bus(
            Map<String, Object> kafka,
            Database database,
            ChangeFeed changes,
            Idempotency idempotency,
            BusSettings settings,
            SecretBox secretBox,
            InstantSource clock,
            MeterRegistry registry,
            DeliveryMemory deliveries) {
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
                        settings.publish().maxRecordBytes(),
                        clock);
        Activity activity = new Activity();
        this.publisher =
                new Publisher(
                        kafka, topics.catalogue(), settings.publish(), clock, registry, activity);
        this.store =
                new EventStore(
                        kafka,
                        admin,
                        database,
                        topics.catalogue(),
                        settings.store(),
                        this::isSubscribed,
                        clock,
                        registry,
                        activity);
        this.settling =
                new Settling(database, publisher, clock, settings.publish().timeout(), registry);
        this.statistics =
                new Statistics(
                        admin,
                        store.offsets(),
                        EventStore.GROUP,
                        database,
                        topics.catalogue(),
                        activity,
                        clock);
        this.search = new EventSearch(database, registry);
        this.views = new EventViews(store.eventStatuses());
        this.traces = new Traces(new StoredEvents(database));
        this.replays =
                new Replays(
                        new Replays.Platform(
                                kafka,
                                admin,
                                database,
                                changes,
                                idempotency,
                                new Audit(clock),
                                clock,
                                topics.catalogue(),
                                publisher,
                                new ReplaySubscribers(this::delivery),
                                views,
                                store::caughtUp));
        this.clock = clock;
        this.http =
                new OutboundHttp(settings.delivery().networks(), settings.delivery().perEndpoint());
        SubscriptionSecrets secrets = new SubscriptionSecrets(secretBox);
        this.subscriptions =
                new Subscriptions(
                        new Subscriptions.Platform(
                                database, changes, admin, topics.catalogue(), clock),
                        settings.subscriptions(),
                        secrets,
                        new ConfiguredEndpoints(http, settings.delivery().brokers()));
        this.delivery =
                new DeliveryEngine(
                        new DeliveryEngine.Platform(
                                kafka, admin, database, changes, clock, registry, deliveries),
                        settings.delivery(),
                        subscriptions,
                        secrets,
                        topics,
                        publisher::publish,
                        http);
        traces.ask(delivery.trace());
        statistics.subscriptions(delivery::active);
        topics.changes()
                .heed((connection, topic) -> Subscriptions.usersOf(connection, topic.name()));
        Gauge.builder("event_bus_active_workers", this, Bus::activeWorkers)
                .description("Workers of the bus that are busy: sending, storing, delivering")
                .register(registry);
    }

    private boolean isSubscribed(String topic) {
        return delivery.wants(topic);
    }

    private int activeWorkers() {
        return (publisher.isBusy() ? 1 : 0) + (store.isBusy() ? 1 : 0) + delivery.inFlight();
    }

    /** Reads the topics and begins to work. */
    public void start() {
        topics.start();
        publisher.start();
        settling.start();
        store.start();
        statistics.start();
        replays.start();
        delivery.start();
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

    /** What the bus did. */
    public Statistics statistics() {
        return statistics;
    }

    /** Follows events; features that know what became of them are asked as well. */
    public Traces traces() {
        return traces;
    }

    /** Holds every event. */
    public EventStore store() {
        return store;
    }

    /** Delivers to those who subscribed. */
    public DeliveryEngine delivery() {
        return delivery;
    }

    @Override
    public void on(Router router) {
        new TopicRoutes(topics, idempotency).on(router);
        new TopicGrantRoutes(topics, idempotency).on(router);
        new PublishRoutes(publisher, topics.catalogue(), settings.publish()).on(router);
        store.on(router);
        statistics.on(router);
        new SearchRoutes(search, views, topics.catalogue(), clock).on(router);
        new TraceRoutes(traces, views, topics.catalogue(), store).on(router);
        replays.on(router);
        new SubscriptionRoutes(subscriptions, idempotency).on(router);
        delivery.routes(idempotency, store, settings.publish().maxEventBytes()).on(router);
    }

    /** Finishes what was accepted, and ends. */
    @Override
    public void close() {
        replays.close();
        publisher.close();
        settling.close();
        delivery.close();
        store.close();
        statistics.close();
        http.close();
        admin.close();
    }
}
