package dev.jubilee.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Watches from outside how far the platform's consumers are behind a topic: Kafka's ends against
 * the offsets that were committed with the effects. Samples five times a second on a thread of its
 * own.
 */
final class LagWatch implements AutoCloseable {
    private static final Duration GLANCE = Duration.ofMillis(200);

    private final Installation at;
    private final String topic;
    private final Set<String> groups;
    private final Thread thread;
    private final Map<String, LagClock> clocks = new HashMap<>();
    private final Map<String, Long> worst = new TreeMap<>();
    private final Map<String, Long> behind = new TreeMap<>();
    private volatile boolean closed;
    private volatile @Nullable Exception failure;

    private LagWatch(Installation at, String topic, Set<String> groups) {
        this.at = at;
        this.topic = topic;
        this.groups = groups;
        this.thread = Thread.ofPlatform().daemon().name("lag-watch").unstarted(this::watch);
    }

    /** Watches whoever consumes the topic. */
    static LagWatch of(Installation at, String topic) {
        return of(at, topic, Set.of());
    }

    /**
     * Watches these consumers alone; all when none is named. The position of one that has nothing
     * to do with the topic any more stays where it was.
     */
    static LagWatch of(Installation at, String topic, Set<String> groups) {
        LagWatch watch = new LagWatch(at, topic, groups);
        watch.thread.start();
        return watch;
    }

    /** The most that each consumer group was behind so far. */
    synchronized Map<String, Duration> worst() {
        Map<String, Duration> all = new TreeMap<>();
        worst.forEach((group, nanos) -> all.put(group, Duration.ofNanos(nanos)));
        return all;
    }

    /** How many events the slowest consumer has before it now. */
    synchronized long behind() {
        return behind.values().stream().mapToLong(Long::longValue).max().orElse(0);
    }

    /** Forgets the worst so far. */
    synchronized void reset() {
        worst.clear();
    }

    /**
     * Waits until every consumer of the topic has caught up.
     *
     * @return how long that took; as long as the patience when they have not
     */
    Duration awaitCaughtUp(Duration patience) {
        long start = System.nanoTime();
        // Two glances, so that what was acknowledged last is seen.
        LockSupport.parkNanos(GLANCE.multipliedBy(2).toNanos());
        while (System.nanoTime() - start < patience.toNanos()) {
            if (caughtUp()) {
                return Duration.ofNanos(System.nanoTime() - start);
            }
            LockSupport.parkNanos(GLANCE.toNanos() / 4);
        }
        return patience;
    }

    private synchronized boolean caughtUp() {
        Exception cause = failure;
        if (cause != null) {
            throw new BenchException("The lag cannot be watched: " + cause.getMessage(), cause);
        }
        return !behind.isEmpty() && behind.values().stream().allMatch(records -> records <= 0);
    }

    private void watch() {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", at.brokers()));
                Connection connection = at.connect();
                PreparedStatement offsets =
                        connection.prepareStatement(
                                """
                                SELECT consumer_group, sum(next_offset)
                                  FROM platform.consumer_offsets WHERE topic = ? GROUP BY 1
                                """)) {
            Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
            for (TopicDescription found :
                    admin.describeTopics(List.of(topic)).allTopicNames().get().values()) {
                found.partitions()
                        .forEach(info ->
                                ends.put(
                                        new TopicPartition(topic, info.partition()),
                                        OffsetSpec.latest()));
            }
            offsets.setString(1, topic);
            while (!closed) {
                glance(admin, ends, offsets);
                LockSupport.parkNanos(GLANCE.toNanos());
            }
        } catch (SQLException | ExecutionException e) {
            failure = e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void glance(
            Admin admin, Map<TopicPartition, OffsetSpec> ends, PreparedStatement offsets)
            throws SQLException, ExecutionException, InterruptedException {
        Map<String, Long> dealtWith = new HashMap<>();
        try (ResultSet rows = offsets.executeQuery()) {
            while (rows.next()) {
                String group = rows.getString(1);
                if (groups.isEmpty() || groups.contains(group)) {
                    dealtWith.put(group, rows.getLong(2));
                }
            }
        }
        long written =
                admin.listOffsets(ends).all().get().values().stream()
                        .mapToLong(ListOffsetsResultInfo::offset)
                        .sum();
        long now = System.nanoTime();
        synchronized (this) {
            dealtWith.forEach((group, count) -> {
                long lag =
                        clocks.computeIfAbsent(group, g -> new LagClock()).at(now, written, count);
                worst.merge(group, lag, Math::max);
                behind.put(group, written - count);
            });
        }
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        try {
            thread.join(5_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
