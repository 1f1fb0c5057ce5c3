package dev.jubilee.server.bus.delivery;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.kafka.ConsumerLoops;
import dev.jubilee.events.kafka.LoopSettings;
import dev.jubilee.events.kafka.RetryableException;
import dev.jubilee.events.postgres.PostgresOffsets;
import dev.jubilee.server.bus.delivery.attempts.AttemptStore;
import dev.jubilee.server.bus.delivery.attempts.DeliveryMetrics;
import dev.jubilee.server.bus.delivery.attempts.DeliveryRoutes;
import dev.jubilee.server.bus.delivery.attempts.DeliveryTrace;
import dev.jubilee.server.bus.delivery.attempts.EventDeliveryRoutes;
import dev.jubilee.server.bus.delivery.attempts.Recorder;
import dev.jubilee.server.bus.delivery.catchup.CatchUps;
import dev.jubilee.server.bus.delivery.catchup.KafkaCatchUp;
import dev.jubilee.server.bus.delivery.clearance.Clearance;
import dev.jubilee.server.bus.delivery.clearance.ClosedTopics;
import dev.jubilee.server.bus.delivery.deadletters.DeadLetterCopies;
import dev.jubilee.server.bus.delivery.deadletters.DeadLetterRoutes;
import dev.jubilee.server.bus.delivery.deadletters.Redrives;
import dev.jubilee.server.bus.delivery.dispatch.Dispatcher;
import dev.jubilee.server.bus.delivery.leases.LeaseRoutes;
import dev.jubilee.server.bus.delivery.leases.Leases;
import dev.jubilee.server.bus.delivery.pending.Backlog;
import dev.jubilee.server.bus.delivery.pending.DeliveryEnqueuer;
import dev.jubilee.server.bus.delivery.relays.RelayMemory;
import dev.jubilee.server.bus.delivery.relays.Relays;
import dev.jubilee.server.bus.delivery.routing.DeliveryPlacer;
import dev.jubilee.server.bus.delivery.routing.DeliveryRouter;
import dev.jubilee.server.bus.delivery.routing.RoutingMetrics;
import dev.jubilee.server.bus.delivery.sending.BrokerSettings;
import dev.jubilee.server.bus.delivery.sending.RabbitSender;
import dev.jubilee.server.bus.delivery.sending.RedisSender;
import dev.jubilee.server.bus.delivery.sending.SampleRoutes;
import dev.jubilee.server.bus.delivery.sending.Sender;
import dev.jubilee.server.bus.delivery.sending.Senders;
import dev.jubilee.server.bus.delivery.sending.WebhookSender;
import dev.jubilee.server.bus.delivery.shards.Ownership;
import dev.jubilee.server.bus.delivery.shards.Shards;
import dev.jubilee.server.bus.delivery.streams.OpenStreams;
import dev.jubilee.server.bus.delivery.streams.ReturningClients;
import dev.jubilee.server.bus.delivery.streams.StreamMemory;
import dev.jubilee.server.bus.delivery.streams.StreamRoutes;
import dev.jubilee.server.bus.delivery.windows.DeliveryMemory;
import dev.jubilee.server.bus.store.EventStore;
import dev.jubilee.server.bus.subscriptions.ArrivalNotices;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.subscriptions.SubscriptionDirectory;
import dev.jubilee.server.bus.subscriptions.SubscriptionIndex;
import dev.jubilee.server.bus.subscriptions.SubscriptionSecrets;
import dev.jubilee.server.bus.subscriptions.Subscriptions;
import dev.jubilee.server.bus.topics.Topic;
import dev.jubilee.server.bus.topics.TopicCatalogue;
import dev.jubilee.server.bus.topics.Topics;
import dev.jubilee.server.bus.trace.TraceSource;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.DailyPartitions;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.DatabaseException;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.http.client.OutboundHttp;
import dev.jubilee.server.idempotency.Idempotency;
import dev.jubilee.server.observability.LoopMetrics;
import dev.jubilee.server.scheduling.PeriodicTask;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Delivers events to those who subscribed. What is owed stands in PostgreSQL from the transaction
 * that routes an event until the one that records how it ended: at least once, whoever dies when.
 * Topics that nobody subscribed to are not even read. Thread-safe.
 */
public final class DeliveryEngine implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DeliveryEngine.class);

    /**
     * Where much is published, a transaction for each millisecond of it costs more than it is
     * worth.
     */
    private static final Duration PACE = Duration.ofMillis(10);

    private static final Duration DISABLE_AGAIN = Duration.ofSeconds(1);

    private static final int DEAD_LETTER_PARTITIONS = 3;

    private final Platform platform;
    private final DeliverySettings settings;
    private final Subscriptions subscriptions;
    private final SubscriptionDirectory directory;
    private final TopicCatalogue topics;
    private final Clearance clearance;
    private final DeliveryMetrics metrics;
    private final PostgresOffsets offsets;
    private final OpenStreams streams;
    private final Ownership ownership = new Ownership();
    private final DeliveryPlacer placer;
    private final DailyPartitions partitions;
    private final Recorder recorder;
    private final Dispatcher dispatcher;
    private final Relays relays;
    private final Shards shards;
    private final Sender sender;
    private final Redrives redrives;
    private final Leases leases;
    private final ReturningClients returning;
    private final DeadLetterCopies copies;
    private final DeliveryEnqueuer enqueuer;
    private final ClosedTopics closedTopics;
    private final ScheduledExecutorService upkeep =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("delivery-upkeep").daemon().factory());
    private volatile boolean closed;
    private @Nullable ConsumerLoops consumer;
    private @Nullable DeliveryRouter routing;
    private @Nullable CatchUps catchUps;

    /**
     * The parts of the platform that delivery uses.
     *
     * @param kafka how clients reach Kafka: {@code bootstrap.servers} and the like
     * @param admin stays the caller's to close
     * @param memory for events that wait to be sent
     */
    public record Platform(
            Map<String, Object> kafka,
            Admin admin,
            Database database,
            ChangeFeed changes,
            InstantSource clock,
            MeterRegistry registry,
            DeliveryMemory memory) {}

    /** Publishes from within; completes when the events are kept. */
    @FunctionalInterface
    public interface Publishing {
        CompletableFuture<?> publish(String topic, List<Envelope> events);
    }

    /**
     * @param http stays the caller's to close
     */
    public DeliveryEngine(
            Platform platform,
            DeliverySettings settings,
            Subscriptions subscriptions,
            SubscriptionSecrets secrets,
            Topics topics,
            Publishing publishing,
            OutboundHttp http) {
        this.platform = platform;
        this.settings = settings;
        this.subscriptions = subscriptions;
        this.directory = subscriptions.directory();
        this.topics = topics.catalogue();
        this.clearance = new Clearance(this.topics);
        this.closedTopics = new ClosedTopics(clearance);
        this.enqueuer = new DeliveryEnqueuer(platform.database(), subscriptions, platform.clock());
        this.metrics = new DeliveryMetrics(platform.registry());
        Database database = platform.database();
        this.offsets = new PostgresOffsets(database.dataSource(), "platform.consumer_offsets");
        this.streams = new OpenStreams(StreamMemory.ofHeap());
        this.placer = new DeliveryPlacer(directory, ownership, streams, platform.memory());
        this.partitions = AttemptStore.partitions(database);
        this.recorder = new Recorder(database, new AttemptStore(partitions), placer::written);
        this.sender =
                senders(
                        new WebhookSender(http, secrets, platform.clock(), settings.timeout()),
                        settings);
        this.redrives = new Redrives(database, platform.changes(), platform.clock());
        this.copies =
                new DeadLetterCopies(
                        database,
                        platform.clock(),
                        this::copiesDeadLettersOf,
                        events -> {
                            topics.ensureSystemTopic(
                                    settings.deadLetterTopic(), DEAD_LETTER_PARTITIONS);
                            return publishing.publish(settings.deadLetterTopic(), events);
                        });
        this.leases = new Leases(database, platform.clock(), partitions, metrics, clearance);
        this.returning =
                new ReturningClients(database, platform.clock(), partitions, metrics, streams);
        this.dispatcher =
                new Dispatcher(
                        new Dispatcher.Parts(
                                placer,
                                directory,
                                sender,
                                recorder,
                                new Backlog(database, clearance, platform.clock()),
                                this::disable),
                        settings.perEndpoint(),
                        platform.clock(),
                        metrics);
        this.relays =
                new Relays(
                        new Relays.Platform(
                                platform.kafka(),
                                platform.admin(),
                                database,
                                directory,
                                this.topics,
                                clearance,
                                ownership,
                                partitions,
                                metrics,
                                RelayMemory.ofHeap(),
                                platform.clock()));
        this.shards =
                new Shards(
                        database,
                        directory,
                        ownership,
                        List.of(dispatcher, relays),
                        recorder,
                        Shards.PATIENCE);
        Gauge.builder("event_bus_deliveries_in_flight", dispatcher, Dispatcher::inFlight)
                .description("Requests to endpoints that are under way")
                .register(platform.registry());
        FunctionCounter.builder("event_bus_unrecorded_attempts", recorder, Recorder::unrecorded)
                .description("Tries of which PostgreSQL will never take what came of them")
                .register(platform.registry());
        Gauge.builder("event_bus_delivery_memory", platform.memory(), DeliveryMemory::taken)
                .description("What events that wait to be pushed take of memory")
                .baseUnit("bytes")
                .register(platform.registry());
    }

    private Sender senders(WebhookSender webhook, DeliverySettings settings) {
        BrokerSettings.Rabbit rabbit = settings.brokers().rabbit();
        BrokerSettings.Redis redis = settings.brokers().redis();
        return new Senders(
                webhook,
                rabbit == null ? null : new RabbitSender(rabbit, settings.timeout()),
                redis == null ? null : new RedisSender(redis, settings.timeout()),
                metrics::redisTook);
    }

    /** Begins to route and to deliver. */
    public void start() {
        directory.refresh();
        placer.tell(
                dispatcher::offer,
                subscription -> {
                    dispatcher.waiting(subscription);
                    leases.arrived(subscription);
                    relays.arrived(subscription);
                });
        streams.tell(leases::arrived, leases::giveBack);
        platform.changes().on(ArrivalNotices.SUBJECT, this::arrived);
        platform.changes().on(ReturningClients.SUBJECT, returning::heard);
        recorder.start();
        dispatcher.start();
        relays.start();
        shards.start();
        redrives.start();
        copies.start();
        DeliveryRouter router =
                new DeliveryRouter(
                        new DeliveryRouter.Parts(
                                platform.database(),
                                offsets,
                                directory,
                                ownership,
                                clearance,
                                platform.clock()),
                        placer,
                        settings.deadLetterTopic(),
                        new RoutingMetrics(platform.registry()));
        routing = router;
        startCatchUps(router);
        ConsumerLoops started =
                new ConsumerLoops(
                        LoopSettings.of(Subscriptions.ROUTING_GROUP, platform.kafka())
                                .withPace(PACE),
                        this::wanted,
                        platform.admin(),
                        offsets,
                        List.of(router),
                        new LoopMetrics(Subscriptions.ROUTING_GROUP, platform.registry()));
        consumer = started;
        topics.onChange(started::refreshTopics);
        closedTopics.heed(directory.index().all());
        directory.onChange(() -> closedTopics.heed(directory.index().all()));
        topics.onChange(this::lookAgain);
        directory.onChange(started::refreshTopics);
        started.start();
        PeriodicTask.named("attempt partitions", this::makePartitions)
                .repeat(upkeep, Duration.ZERO, Duration.ofMinutes(10));
        PeriodicTask.named("attempt retention", this::dropOldAttempts)
                .repeat(upkeep, Duration.ZERO, Duration.ofHours(1));
        PeriodicTask.named("uncertain routing commits", () -> settle(router))
                .repeat(upkeep, Duration.ofSeconds(1), Duration.ofSeconds(1));
    }

    private void startCatchUps(DeliveryRouter router) {
        LoopMetrics losses = new LoopMetrics("catch-up", platform.registry());
        CatchUps started =
                new CatchUps(
                        directory,
                        ownership,
                        subscription ->
                                new KafkaCatchUp(
                                        platform.kafka(),
                                        platform.database(),
                                        placer,
                                        subscription,
                                        router::past,
                                        losses));
        catchUps = started;
        started.start();
    }

    /** Finishes what is under way, and leaves the rest to others. */
    @Override
    public void close() {
        closed = true;
        upkeep.shutdownNow();
        if (routing != null) {
            routing.closing();
        }
        if (consumer != null) {
            consumer.close();
        }
        if (catchUps != null) {
            catchUps.close();
        }
        redrives.close();
        copies.close();
        shards.close();
        relays.close();
        recorder.close();
        dispatcher.close();
        sender.close();
    }

    /**
     * The routes of attempts, samples, leases, streams and dead letters.
     *
     * @param maxEventBytes of the payload that a dead letter is given
     */
    public Routes routes(Idempotency idempotency, EventStore store, int maxEventBytes) {
        Database database = platform.database();
        return router -> {
            new DeliveryRoutes(database, subscriptions).on(router);
            new SampleRoutes(subscriptions, sender, platform.clock()).on(router);
            new EventDeliveryRoutes(database, store, topics, directory).on(router);
            new LeaseRoutes(subscriptions, leases).on(router);
            new StreamRoutes(subscriptions, leases, streams, returning).on(router);
            new DeadLetterRoutes(
                            database,
                            subscriptions,
                            clearance,
                            redrives,
                            idempotency,
                            platform.clock(),
                            maxEventBytes)
                    .on(router);
        };
    }

    /** Whether anything of the topic is delivered to anybody. */
    public boolean wants(String topic) {
        return directory.index().wants(topic);
    }

    /** Adds to what subscriptions are owed, beside routing. */
    public DeliveryEnqueuer enqueuer() {
        return enqueuer;
    }

    /** The deliveries of an event, for its trace. */
    public TraceSource trace() {
        return new DeliveryTrace(platform.database());
    }

    /** Requests to endpoints that are under way. */
    public int inFlight() {
        return dispatcher.inFlight();
    }

    /** Active subscriptions, without a question to the database. */
    public int active() {
        return (int) directory.index().all().stream().filter(Subscription::isActive).count();
    }

    private List<String> wanted() {
        SubscriptionIndex index = directory.index();
        return topics.names().stream().filter(index::wants).toList();
    }

    /**
     * Whether dead letters of the topic are copied; those of the dead-letter topic itself are not.
     */
    private boolean copiesDeadLettersOf(String name) {
        Topic topic = topics.find(name);
        return topic != null && topic.enableDlq() && !name.equals(settings.deadLetterTopic());
    }

    /** Wakes the subscriptions to which a topic may have opened. */
    private void lookAgain() {
        closedTopics.since(directory.index().all()).forEach(placer::arrived);
    }

    private void arrived(String id) {
        if (id.isEmpty()) {
            directory.index().all().forEach(one -> placer.arrived(one.id()));
        } else {
            placer.arrived(UUID.fromString(id));
        }
    }

    /**
     * Disables the subscription, trying for as long as need be: nothing is sent to the endpoint
     * until it is committed.
     */
    private CompletableFuture<Void> disable(Subscription subscription, String reason) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread.ofVirtual()
                .name("delivery-disable")
                .start(() -> {
                    while (!closed && !isDisabled(subscription, reason)) {
                        LockSupport.parkNanos(DISABLE_AGAIN.toNanos());
                    }
                    done.complete(null);
                });
        return done;
    }

    private boolean isDisabled(Subscription subscription, String reason) {
        try {
            platform.database()
                    .transaction(connection -> {
                        subscriptions.disable(connection, subscription, reason);
                        return reason;
                    });
            directory.refresh();
            return true;
        } catch (DatabaseException e) {
            log.warn(
                    "subscription {} cannot be disabled yet: {}",
                    subscription.id(),
                    e.getMessage());
            return false;
        } catch (RuntimeException e) {
            log.error("disabling subscription {} failed, and is tried again", subscription.id(), e);
            return false;
        }
    }

    private static void settle(DeliveryRouter router) {
        try {
            router.settleUncertain();
        } catch (RetryableException e) {
            log.warn("what was routed without an answer waits: {}", e.getMessage());
        }
    }

    private void makePartitions() {
        partitions.ensureAhead(platform.clock().instant());
    }

    private void dropOldAttempts() {
        partitions.dropUntil(platform.clock().instant().minus(settings.retention()));
    }
}
