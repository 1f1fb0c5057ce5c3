package dev.jubilee.server.bus.stats;

import dev.jubilee.events.OffsetStore;
import dev.jubilee.events.PartitionId;
import dev.jubilee.events.kafka.RetryableException;
import dev.jubilee.events.kafka.TopicOffsets;
import dev.jubilee.server.bus.topics.TopicCatalogue;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;

/**
 * The figures of {@code GET /stats}. The totals follow from where Kafka's topics end and where the
 * store stands, less what is no event there: they survive restarts and lost instances, and cost a
 * few questions however many events there were. Figures are at most a second old. Thread-safe.
 */
public final class Statistics implements Routes, AutoCloseable {
    /**
     * As the contract has them.
     *
     * @param totalEventsPublished events that the topics ever took, deleted topics included
     * @param totalEventsConsumed those of them that the store has read
     * @param averageProcessingTime seconds from acceptance until an event was stored, lately
     * @param errorRate 0 to 1, lately
     * @param throughputPerSecond events published, lately
     */
    public record Figures(
            long totalEventsPublished,
            long totalEventsConsumed,
            long activeTopics,
            long activeSubscriptions,
            double averageProcessingTime,
            double errorRate,
            double throughputPerSecond) {}

    private static final long FRESH = TimeUnit.SECONDS.toNanos(1);
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(10);

    private record Cached(Figures figures, long at) {}

    private final Database database;
    private final OffsetStore store;
    private final String group;
    private final TopicOffsets kafka;
    private final TopicCatalogue topics;
    private final RecentActivity recent;
    private volatile IntSupplier subscriptions = () -> 0;
    private volatile @Nullable Cached cached;
    private Map<PartitionId, Long> ends = Map.of();
    private long askAgainAt = System.nanoTime();

    /**
     * @param admin stays the caller's to close
     * @param store where the positions of consumers are
     * @param group that of the event store
     */
    public Statistics(
            Admin admin,
            OffsetStore store,
            String group,
            Database database,
            TopicCatalogue topics,
            Activity activity,
            InstantSource clock) {
        this.database = database;
        this.store = store;
        this.group = group;
        this.kafka = new TopicOffsets(admin);
        this.topics = topics;
        this.recent = new RecentActivity(database, activity, clock);
    }

    /** Begins to share this instance's figures with the others. */
    public void start() {
        recent.start();
    }

    /** Sets where the number of active subscriptions comes from; it must not block. */
    public void subscriptions(IntSupplier active) {
        subscriptions = active;
    }

    @Override
    public void on(Router router) {
        new StatsRoutes(this).on(router);
    }

    @Override
    public void close() {
        recent.close();
    }

    /**
     * The figures. Blocks.
     *
     * @throws dev.jubilee.server.database.DatabaseException when PostgreSQL cannot be asked
     */
    Figures figures() {
        Cached known = cached;
        if (known != null && System.nanoTime() - known.at() < FRESH) {
            return known.figures();
        }
        synchronized (this) {
            known = cached;
            if (known != null && System.nanoTime() - known.at() < FRESH) {
                return known.figures();
            }
            Figures figures = gather();
            cached = new Cached(figures, System.nanoTime());
            return figures;
        }
    }

    private Figures gather() {
        long passedOver = SkippedOffsets.total(database);
        Map<PartitionId, Long> positions = store.positions(group);
        Map<PartitionId, Long> furthest = new HashMap<>(positions);
        ends().forEach((partition, end) -> furthest.merge(partition, end, Math::max));
        recent.write();
        RecentActivity.Rates rates = recent.rates();
        return new Figures(
                sum(furthest) - passedOver,
                sum(positions) - passedOver,
                topics.activeCount(),
                subscriptions.getAsInt(),
                rates.processingSeconds(),
                rates.errorRate(),
                rates.perSecond());
    }

    /** Without Kafka what it said last: nothing was published since. */
    private Map<PartitionId, Long> ends() {
        if (System.nanoTime() - askAgainAt >= 0) {
            try {
                ends = kafka.ends(topics.names());
            } catch (RetryableException e) {
                askAgainAt = System.nanoTime() + PATIENCE;
            }
        }
        return ends;
    }

    private static long sum(Map<PartitionId, Long> offsets) {
        return offsets.values().stream().mapToLong(Long::longValue).sum();
    }
}
