package dev.jubilee.server.bus.delivery.relays;

import dev.jubilee.server.bus.delivery.attempts.DeliveryMetrics;
import dev.jubilee.server.bus.delivery.clearance.Clearance;
import dev.jubilee.server.bus.delivery.shards.Ownership;
import dev.jubilee.server.bus.delivery.shards.ShardWork;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.subscriptions.SubscriptionDirectory;
import dev.jubilee.server.bus.topics.Topic;
import dev.jubilee.server.bus.topics.TopicAction;
import dev.jubilee.server.bus.topics.TopicCatalogue;
import dev.jubilee.server.database.DailyPartitions;
import dev.jubilee.server.database.Database;
import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;

/**
 * Every subscription of this instance's shards whose events are written to a topic. One that has
 * nothing to do costs an entry in a map. Thread-safe.
 */
public final class Relays implements ShardWork, AutoCloseable {
    private static final long CLOSING_SECONDS = 10;

    private final Platform platform;
    private final Map<UUID, Relay> relays = new ConcurrentHashMap<>();
    private final Map<UUID, Standing> standings = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /** Whether a relay may work, as far as subscriptions and topics decide it. */
    private record Standing(boolean mayWrite, int rewinds) {}

    /** The parts of the platform that relays use. */
    public record Platform(
            Map<String, Object> kafka,
            Admin admin,
            Database database,
            SubscriptionDirectory directory,
            TopicCatalogue topics,
            Clearance clearance,
            Ownership ownership,
            DailyPartitions partitions,
            DeliveryMetrics metrics,
            RelayMemory memory,
            InstantSource clock) {
        /**
         * Whether what the subscription is owed may be written to its topic. Asked each time: a
         * grant may have been taken back since it was made.
         */
        boolean mayWrite(Subscription it) {
            Topic target = topics.find(String.valueOf(it.endpoint()));
            return it.isActive()
                    && target != null
                    && target.isActive()
                    && (it.owner() == null
                            || topics.allows(it.owner(), target, TopicAction.PUBLISH));
        }
    }

    public Relays(Platform platform) {
        this.platform = platform;
    }

    /** Begins to heed what changes. */
    public void start() {
        platform.directory().onChange(this::look);
        platform.topics().onChange(this::look);
    }

    /** Something waits in PostgreSQL for the subscription. */
    public void arrived(UUID subscription) {
        Subscription it = platform.directory().index().find(subscription);
        if (it != null
                && it.hasTargetTopic()
                && !closed
                && platform.ownership().owns(subscription)) {
            relays.computeIfAbsent(subscription, id -> new Relay(id, platform)).wake();
        }
    }

    /** Wakes those that may write now and might not before, or that begin anew. */
    private synchronized void look() {
        for (Subscription one : platform.directory().index().all()) {
            if (one.hasTargetTopic() && platform.ownership().owns(one.id())) {
                Standing now = standing(one);
                if (!now.equals(standings.put(one.id(), now)) && now.mayWrite()) {
                    arrived(one.id());
                }
            }
        }
        relays.keySet().removeIf(id -> platform.directory().index().find(id) == null);
        standings.keySet().removeIf(id -> platform.directory().index().find(id) == null);
    }

    private Standing standing(Subscription one) {
        return new Standing(platform.mayWrite(one), one.state().rewinds());
    }

    @Override
    public synchronized void takeOver(Set<Integer> shards) {
        for (Subscription one : platform.directory().index().all()) {
            if (one.hasTargetTopic() && shards.contains(Ownership.shardOf(one.id()))) {
                standings.put(one.id(), standing(one));
                arrived(one.id());
            }
        }
    }

    @Override
    public CompletableFuture<Void> drain(Set<Integer> shards) {
        return CompletableFuture.allOf(
                relays.entrySet().stream()
                        .filter(one -> shards.contains(Ownership.shardOf(one.getKey())))
                        .map(one -> one.getValue().stop())
                        .toArray(CompletableFuture[]::new));
    }

    /** A relay that has stopped keeps nothing. */
    @Override
    public CompletableFuture<Void> leave(Set<Integer> shards) {
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public void drop() {
        for (Relay one : relays.values()) {
            var _ = one.stop();
        }
    }

    /** To be called when the shards are given away. */
    @Override
    public void close() {
        closed = true;
        CompletableFuture.allOf(
                        relays.values().stream().map(Relay::stop).toArray(CompletableFuture[]::new))
                .completeOnTimeout(null, CLOSING_SECONDS, TimeUnit.SECONDS)
                .join();
    }
}
