package dev.jubilee.server.bus.store;

import dev.jubilee.events.OffsetStore;
import dev.jubilee.events.kafka.ConsumerLoops;
import dev.jubilee.events.kafka.LoopSettings;
import dev.jubilee.events.kafka.TopicOffsets;
import dev.jubilee.events.postgres.PostgresOffsets;
import dev.jubilee.server.bus.stats.Activity;
import dev.jubilee.server.bus.topics.TopicCatalogue;
import dev.jubilee.server.database.DailyPartitions;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.observability.LoopMetrics;
import dev.jubilee.server.scheduling.PeriodicTask;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;

/**
 * Every event of every topic, in PostgreSQL within a second, exactly once: the instances share the
 * partitions, and each batch is stored in one transaction with the group's new position.
 * Thread-safe.
 */
public final class EventStore implements Routes, AutoCloseable {

    /** The group under which the store stands in {@code platform.consumer_offsets}. */
    public static final String GROUP = "store";

    /** Why an event that is not found may be there all the same. */
    public static final Problem BEHIND =
            Problem.unavailable(
                    "event_store_behind",
                    "The event store has not come as far as Kafka yet; the event may be on its way"
                            + " there.",
                    Duration.ofSeconds(1));

    /**
     * For each consumer: of several, each has a part of what comes, and waits longer for as much.
     */
    private static final Duration GATHERING = Duration.ofMillis(40);

    private final TopicCatalogue topics;
    private final PostgresOffsets offsets;
    private final List<StoreWriter> writers;
    private final ConsumerLoops consumers;
    private final Retention retention;
    private final EventStatuses eventStatuses;
    private final StatusReader statuses;
    private final CatchUp catchUp;
    private final ScheduledExecutorService hourly;

    /**
     * @param kafka how clients reach Kafka: {@code bootstrap.servers} and the like
     * @param admin stays the caller's to close
     * @param subscribed whether anything of a topic is delivered to anybody
     */
    public EventStore(
            Map<String, Object> kafka,
            Admin admin,
            Database database,
            TopicCatalogue topics,
            StoreSettings settings,
            Predicate<String> subscribed,
            InstantSource clock,
            MeterRegistry registry,
            Activity activity) {
        this.topics = topics;
        this.offsets = new PostgresOffsets(database.dataSource(), "platform.consumer_offsets");
        DailyPartitions partitions = EventTable.partitions(database);
        StoreMetrics metrics = new StoreMetrics(registry, clock, activity, settings.tracking());
        this.writers =
                Stream.generate(() ->
                                new StoreWriter(database, offsets, partitions, clock, metrics))
                        .limit(settings.consumers())
                        .toList();
        this.consumers =
                new ConsumerLoops(
                        LoopSettings.of(GROUP, kafka)
                                .gathering(GATHERING.multipliedBy(settings.consumers())),
                        topics::names,
                        admin,
                        offsets,
                        writers,
                        new LoopMetrics(GROUP, registry));
        this.retention = new Retention(database, partitions, topics, settings, clock);
        this.eventStatuses = new EventStatuses(database, subscribed);
        this.statuses = new StatusReader(database, eventStatuses);
        this.catchUp =
                new CatchUp(new TopicOffsets(admin), offsets, topics::names, settings.catchUp());
        this.hourly =
                Executors.newSingleThreadScheduledExecutor(
                        Thread.ofPlatform().name("event-retention").daemon().factory());
    }

    /** Begins to store and to answer. */
    public void start() {
        statuses.start();
        catchUp.start();
        topics.onChange(consumers::refreshTopics);
        consumers.start();
        PeriodicTask.named("event retention", retention::run)
                .repeat(hourly, Duration.ZERO, Duration.ofHours(1));
        PeriodicTask.named("ids of clients", retention::forgetIds)
                .repeat(hourly, Duration.ZERO, retention.betweenForgetting());
    }

    /** Where the store, under {@link #GROUP}, and other consumers stand. */
    public OffsetStore offsets() {
        return offsets;
    }

    /** The status of stored events. */
    public EventStatuses eventStatuses() {
        return eventStatuses;
    }

    /** Whether events are being stored at the moment. */
    public boolean isBusy() {
        return writers.stream().anyMatch(StoreWriter::isBusy);
    }

    /** Drops what is too old, and makes room for the days to come; also done each hour. */
    public Retention retention() {
        return retention;
    }

    /**
     * Completes when the store has passed what is in Kafka now, or after {@link
     * StoreSettings#catchUp()} all the same, and says whether it has.
     */
    public CompletableFuture<Boolean> caughtUp() {
        return catchUp.await();
    }

    /**
     * Looks for something that is stored, and if it is not there, once more when the store has
     * passed what is in Kafka now, {@code EVENT_BUS_CATCH_UP_TIMEOUT} later at most. Blocks.
     *
     * @throws dev.jubilee.server.http.ProblemException 503 when it may yet come, or cannot be asked
     *     for
     */
    public <T> Optional<T> await(Supplier<Optional<T>> look) {
        Optional<T> found = look.get();
        if (found.isPresent()) {
            return found;
        }
        boolean passed;
        try {
            passed = catchUp.await().join();
        } catch (CompletionException e) {
            throw StatusRoutes.UNAVAILABLE.asException();
        }
        found = look.get();
        if (found.isEmpty() && !passed) {
            throw BEHIND.asException();
        }
        return found;
    }

    @Override
    public void on(Router router) {
        new StatusRoutes(statuses, catchUp, topics).on(router);
    }

    /** Finishes the batch under way, and ends. */
    @Override
    public void close() {
        hourly.shutdownNow();
        consumers.close();
        catchUp.close();
        statuses.close();
    }
}
