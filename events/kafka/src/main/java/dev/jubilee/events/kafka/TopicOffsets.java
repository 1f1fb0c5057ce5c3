package dev.jubilee.events.kafka;

import dev.jubilee.events.OffsetStore.Position;
import dev.jubilee.events.PartitionId;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Asks Kafka for topics' ids and ends. Thread-safe. */
public final class TopicOffsets {
    private static final int PATIENCE_SECONDS = 5;

    private final Admin admin;

    /** The client stays the caller's to close. */
    public TopicOffsets(Admin admin) {
        this.admin = admin;
    }

    /**
     * Where the topics end at this moment; to be compared with {@link
     * dev.jubilee.events.OffsetStore#hasPassed}. Topics that do not exist are left out.
     *
     * @throws RetryableException if Kafka does not answer
     */
    public Map<PartitionId, Long> ends(Collection<String> topics) {
        return offsets(topics, OffsetSpec.latest());
    }

    /**
     * Where the topics begin at this moment: what was before, Kafka holds no more.
     *
     * @throws RetryableException if Kafka does not answer
     */
    public Map<PartitionId, Long> begins(Collection<String> topics) {
        return offsets(topics, OffsetSpec.earliest());
    }

    /**
     * The first records that were accepted at the moment given or later; -1 where there is none.
     *
     * @throws RetryableException if Kafka does not answer
     */
    public Map<PartitionId, Long> since(Collection<String> topics, Instant moment) {
        return offsets(topics, OffsetSpec.forTimestamp(moment.toEpochMilli()));
    }

    private Map<PartitionId, Long> offsets(Collection<String> topics, OffsetSpec which) {
        Map<String, TopicDescription> described = describe(topics);
        Map<TopicPartition, PartitionId> ids = new HashMap<>();
        described
                .values()
                .forEach(topic ->
                        topic.partitions()
                                .forEach(partition ->
                                        ids.put(
                                                new TopicPartition(
                                                        topic.name(), partition.partition()),
                                                new PartitionId(
                                                        uuid(topic.topicId()),
                                                        partition.partition()))));
        Map<PartitionId, Long> ends = new HashMap<>();
        list(ids.keySet(), which).forEach((partition, end) -> ends.put(ids.get(partition), end));
        return ends;
    }

    /** The ids of those of the topics that exist. */
    Map<String, UUID> ids(Collection<String> topics) {
        Map<String, UUID> ids = new HashMap<>();
        describe(topics).forEach((name, topic) -> ids.put(name, uuid(topic.topicId())));
        return ids;
    }

    /** Where the partitions begin ({@code earliest}) or end ({@code latest}) for consumers. */
    Map<TopicPartition, Long> list(Collection<TopicPartition> partitions, OffsetSpec which) {
        Map<TopicPartition, Long> offsets = new HashMap<>();
        info(partitions, which).forEach((partition, info) -> offsets.put(partition, info.offset()));
        return offsets;
    }

    /** Where the partitions end for consumers, and the epoch of who leads them. */
    Map<TopicPartition, Position> endsWithEpochs(Collection<TopicPartition> partitions) {
        Map<TopicPartition, Position> ends = new HashMap<>();
        info(partitions, OffsetSpec.latest())
                .forEach((partition, info) ->
                        ends.put(
                                partition,
                                new Position(
                                        info.offset(),
                                        info.leaderEpoch().orElse(Position.NO_EPOCH))));
        return ends;
    }

    private Map<TopicPartition, ListOffsetsResultInfo> info(
            Collection<TopicPartition> partitions, OffsetSpec which) {
        if (partitions.isEmpty()) {
            return Map.of();
        }
        Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
        partitions.forEach(partition -> wanted.put(partition, which));
        return await(
                admin.listOffsets(wanted, new ListOffsetsOptions(IsolationLevel.READ_COMMITTED))
                        .all());
    }

    private Map<String, TopicDescription> describe(Collection<String> topics) {
        Map<String, TopicDescription> found = new HashMap<>();
        admin.describeTopics(topics)
                .topicNameValues()
                .forEach((name, description) -> {
                    try {
                        found.put(name, await(description));
                    } catch (RetryableException e) {
                        if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                            throw e;
                        }
                    }
                });
        return found;
    }

    private static <T> T await(KafkaFuture<T> future) {
        try {
            return future.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new RetryableException("Kafka: " + e.getMessage(), e.getCause());
        } catch (TimeoutException e) {
            throw new RetryableException("Kafka did not answer in " + PATIENCE_SECONDS + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RetryableException("interrupted while asking Kafka", e);
        }
    }

    private static UUID uuid(Uuid id) {
        return new UUID(id.getMostSignificantBits(), id.getLeastSignificantBits());
    }
}
