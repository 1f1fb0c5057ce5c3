package dev.jubilee.server.bus.subscriptions;

import dev.jubilee.events.PartitionId;
import dev.jubilee.events.TopicPattern;
import dev.jubilee.events.kafka.RetryableException;
import dev.jubilee.events.kafka.TopicOffsets;
import dev.jubilee.server.bus.topics.Topic;
import dev.jubilee.server.bus.topics.TopicCatalogue;
import dev.jubilee.server.http.Problem;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Predicate;
import org.apache.kafka.clients.admin.Admin;

/**
 * Where a subscription begins. What was in Kafka before it was made is not for it, to the offset; a
 * topic that nobody wanted so far is consumed from there on, and not from its earliest record.
 * Thread-safe.
 */
final class StartPositions {
    private final TopicOffsets kafka;
    private final TopicCatalogue topics;

    StartPositions(Admin admin, TopicCatalogue topics) {
        this.kafka = new TopicOffsets(admin);
        this.topics = topics;
    }

    /** The ends of some topics at one moment. */
    record Ends(Map<UUID, String> names, Map<PartitionId, Long> offsets) {
        /** By topic, the end of each partition in order. */
        Map<UUID, List<Long>> byTopic() {
            Map<UUID, List<Long>> found = new HashMap<>();
            offsets.forEach((partition, end) -> {
                List<Long> list =
                        found.computeIfAbsent(partition.topicId(), t -> new ArrayList<>());
                while (list.size() <= partition.partition()) {
                    list.add(0L);
                }
                list.set(partition.partition(), end);
            });
            return found;
        }
    }

    /** A partition whose past is to be caught up with, from an offset on. */
    record CatchUp(PartitionId partition, String topic, long offset) {}

    /**
     * Where a subscription begins.
     *
     * @param startsAt what routing is to heed
     * @param catchUps what is to be brought of the time before
     */
    record Start(Ends ends, Map<UUID, List<Long>> startsAt, List<CatchUp> catchUps) {}

    /**
     * Where a subscription begins that is to get everything from there on.
     *
     * @throws dev.jubilee.server.http.ProblemException 503 when Kafka does not answer
     */
    Start start(Ends ends, String from) {
        Map<PartitionId, Long> begins = begins(ends, from);
        Map<PartitionId, Long> starts = new HashMap<>(ends.offsets());
        List<CatchUp> catchUps = new ArrayList<>();
        ends.offsets()
                .forEach((partition, end) -> {
                    Long found = begins.get(partition);
                    String topic = ends.names().get(partition.topicId());
                    if (found != null && topic != null) {
                        // Even where nothing is: routing may go past what comes before it knows.
                        long begin = found < 0 ? end : Math.min(found, end);
                        starts.put(partition, Subscription.CATCHING_UP);
                        catchUps.add(new CatchUp(partition, topic, begin));
                    }
                });
        return new Start(ends, new Ends(ends.names(), starts).byTopic(), catchUps);
    }

    private Map<PartitionId, Long> begins(Ends ends, String from) {
        Instant moment = StartFrom.time(from);
        if (from.equals(StartFrom.NOW) || ends.offsets().isEmpty()) {
            return Map.of();
        }
        if (moment == null) {
            Map<PartitionId, Long> all = new HashMap<>();
            ends.offsets().keySet().forEach(partition -> all.put(partition, 0L));
            return all;
        }
        try {
            return kafka.since(List.copyOf(ends.names().values()), moment);
        } catch (RetryableException e) {
            throw unavailable();
        }
    }

    private static RuntimeException unavailable() {
        return Problem.unavailable(
                        "kafka_unavailable",
                        "Kafka does not say where its topics begin and end; nothing was done.",
                        Duration.ofSeconds(1))
                .asException();
    }

    /**
     * Where the topics that the pattern selects end now.
     *
     * @throws dev.jubilee.server.http.ProblemException 503 when Kafka does not answer
     */
    Ends ends(TopicPattern pattern, Predicate<Topic> which) {
        Map<UUID, String> names = new HashMap<>();
        for (Topic topic : topics.all()) {
            if (pattern.matches(topic.name()) && which.test(topic)) {
                names.put(topic.kafkaTopicId(), topic.name());
            }
        }
        if (names.isEmpty()) {
            return new Ends(names, Map.of());
        }
        try {
            return new Ends(names, kafka.ends(List.copyOf(names.values())));
        } catch (RetryableException e) {
            throw unavailable();
        }
    }

    /** Lets routing begin at the ends, in topics that no other subscription wants. */
    void seed(Connection connection, Ends ends, SubscriptionIndex others) throws SQLException {
        List<PartitionId> partitions = new ArrayList<>();
        for (PartitionId partition : ends.offsets().keySet()) {
            String name = ends.names().get(partition.topicId());
            if (name != null && !others.wants(name)) {
                partitions.add(partition);
            }
        }
        if (partitions.isEmpty()) {
            return;
        }
        Collections.sort(partitions);
        try (PreparedStatement upsert =
                connection.prepareStatement(
                        """
                        INSERT INTO platform.consumer_offsets
                            (consumer_group, topic_id, partition, topic, next_offset)
                        VALUES (?, ?, ?, ?, ?)
                        ON CONFLICT (consumer_group, topic_id, partition)
                            DO UPDATE SET next_offset = excluded.next_offset, leader_epoch = NULL, updated_at = now()
                        """)) {
            for (PartitionId partition : partitions) {
                upsert.setString(1, Subscriptions.ROUTING_GROUP);
                upsert.setObject(2, partition.topicId());
                upsert.setInt(3, partition.partition());
                upsert.setString(4, ends.names().get(partition.topicId()));
                upsert.setLong(5, ends.offsets().getOrDefault(partition, 0L));
                upsert.addBatch();
            }
            upsert.executeBatch();
        }
    }
}
