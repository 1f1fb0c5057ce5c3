package dev.jubilee.server.bus.topics;

import dev.jubilee.server.http.Problem;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** The topics of the Kafka cluster. Blocks. Thread-safe. */
final class KafkaTopics {
    /** A topic that Kafka has, and whether this call made it. */
    record Made(UUID id, int partitions, int replicationFactor, boolean isNew) {}

    /**
     * A topic as Kafka has it.
     *
     * @param retentionMillis as Kafka writes it; -1 is for ever
     * @param timestamps whose clock tells when a record came: {@code LogAppendTime} is the broker's
     */
    record Actual(
            UUID id,
            int partitions,
            int replicationFactor,
            String retentionMillis,
            String timestamps) {}

    /** The broker's clock, and not a producer's. */
    static final String TIMESTAMPS = "LogAppendTime";

    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final Duration PAUSE = Duration.ofMillis(20);
    private static final Duration SOON = Duration.ofSeconds(2);

    private final Admin admin;
    private final int maxMessageBytes;

    /**
     * @param maxMessageBytes the largest event, headers included
     */
    KafkaTopics(Admin admin, int maxMessageBytes) {
        this.admin = admin;
        this.maxMessageBytes = maxMessageBytes;
    }

    /**
     * Makes the topic, with as many replicas as there are brokers at most. One that is there
     * already without a row of ours is what a crash left behind, or a stranger's: it is adopted
     * when it has the partitions asked for, with its settings made as asked, and otherwise refused.
     */
    Made make(NewTopicRequest asked) {
        int brokers = await(admin.describeCluster().nodes()).size();
        int replicas = Math.clamp(asked.replicationFactor(), 1, Math.max(1, brokers));
        NewTopic topic =
                new NewTopic(asked.name(), asked.partitions(), (short) replicas)
                        .configs(configs(asked));
        try {
            Uuid id = await(admin.createTopics(List.of(topic)).topicId(asked.name()));
            awaitNewLeaders(asked);
            return new Made(uuid(id), asked.partitions(), replicas, true);
        } catch (TopicExistsException e) {
            return adopt(asked);
        } catch (InvalidTopicException e) {
            throw Problem.conflict("topic_name_taken", "Kafka refuses the name: " + e.getMessage())
                    .asException();
        }
    }

    /**
     * Waits until every partition has a leader. A topic that does not become ready is deleted:
     * nobody would learn that Kafka has it.
     */
    private void awaitNewLeaders(NewTopicRequest asked) {
        try {
            awaitLeaders(asked.name(), 0, asked.partitions());
        } catch (RuntimeException e) {
            try {
                remove(asked.name());
            } catch (RuntimeException again) {
                e.addSuppressed(again);
            }
            throw e;
        }
    }

    /** Removes a topic again; one that is gone already is fine. */
    void remove(String name) {
        try {
            await(admin.deleteTopics(List.of(name)).all());
        } catch (UnknownTopicOrPartitionException e) {
            // Gone is what was wanted.
        }
    }

    /** Gives the topic more partitions; one that has as many already stays as it is. */
    void grow(String name, int partitions) {
        int there = describe(name).partitions().size();
        if (there > partitions) {
            throw Problem.conflict(
                            "topic_has_more_partitions",
                            "Kafka's topic \""
                                    + name
                                    + "\" has "
                                    + there
                                    + " partitions already, and cannot lose any.")
                    .asException();
        }
        if (there < partitions) {
            await(admin.createPartitions(Map.of(name, NewPartitions.increaseTo(partitions))).all());
            awaitLeaders(name, there, partitions);
        }
    }

    /** Sets how long the topic keeps events. */
    void retain(String name, int hours) {
        set(name, Map.of(TopicConfig.RETENTION_MS_CONFIG, retentionMillis(hours)));
    }

    private void set(String name, Map<String, String> configs) {
        List<AlterConfigOp> changes =
                configs.entrySet().stream()
                        .map(one -> new ConfigEntry(one.getKey(), one.getValue()))
                        .map(one -> new AlterConfigOp(one, AlterConfigOp.OpType.SET))
                        .toList();
        try {
            await(
                    admin.incrementalAlterConfigs(
                                    Map.of(
                                            new ConfigResource(ConfigResource.Type.TOPIC, name),
                                            changes))
                            .all());
        } catch (UnknownTopicOrPartitionException e) {
            throw Problem.unavailable(
                            "topic_missing",
                            "Kafka does not have the topic \""
                                    + name
                                    + "\" at the moment; nothing was changed.",
                            SOON)
                    .asException();
        }
    }

    /** The topics among these that Kafka has, as it has them. */
    Map<String, Actual> actual(Collection<String> names) {
        Map<String, Actual> found = new HashMap<>();
        Map<ConfigResource, KafkaFuture<Config>> configs =
                admin.describeConfigs(
                                names.stream()
                                        .map(n -> new ConfigResource(ConfigResource.Type.TOPIC, n))
                                        .toList())
                        .values();
        admin.describeTopics(List.copyOf(names))
                .topicNameValues()
                .forEach((name, future) -> {
                    try {
                        TopicDescription topic = await(future);
                        Config config =
                                await(
                                        Objects.requireNonNull(
                                                configs.get(
                                                        new ConfigResource(
                                                                ConfigResource.Type.TOPIC, name))));
                        found.put(name, actual(topic, config));
                    } catch (UnknownTopicOrPartitionException e) {
                        // Kafka does not have it, which is what the caller learns.
                    }
                });
        return found;
    }

    private static Actual actual(TopicDescription topic, Config config) {
        return new Actual(
                uuid(topic.topicId()),
                topic.partitions().size(),
                topic.partitions().getFirst().replicas().size(),
                value(config, TopicConfig.RETENTION_MS_CONFIG),
                value(config, TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG));
    }

    private static String value(Config config, String name) {
        ConfigEntry entry = config.get(name);
        return entry == null ? "" : entry.value();
    }

    /** The topics that Kafka has, without its own. */
    Set<String> names() {
        return await(admin.listTopics().names());
    }

    /** Where the partitions end. */
    Map<Integer, Long> ends(String name) {
        Map<TopicPartition, OffsetSpec> all = new HashMap<>();
        try {
            TopicDescription topic =
                    await(
                            Objects.requireNonNull(
                                    admin.describeTopics(List.of(name))
                                            .topicNameValues()
                                            .get(name)));
            topic.partitions()
                    .forEach(partition ->
                            all.put(
                                    new TopicPartition(name, partition.partition()),
                                    OffsetSpec.latest()));
        } catch (UnknownTopicOrPartitionException e) {
            return Map.of();
        }
        Map<Integer, Long> ends = new HashMap<>();
        await(admin.listOffsets(all).all())
                .forEach((partition, end) -> ends.put(partition.partition(), end.offset()));
        return ends;
    }

    static String retentionMillis(int hours) {
        return Long.toString(Duration.ofHours(hours).toMillis());
    }

    private Made adopt(NewTopicRequest asked) {
        TopicDescription there = describe(asked.name());
        int partitions = there.partitions().size();
        if (partitions != asked.partitions()) {
            throw Problem.conflict(
                            "topic_exists_in_kafka",
                            "Kafka has a topic \""
                                    + asked.name()
                                    + "\" of "
                                    + partitions
                                    + " partitions that the platform did not make; ask for as many"
                                    + " to take it over.")
                    .asException();
        }
        set(asked.name(), configs(asked));
        int replicas = there.partitions().getFirst().replicas().size();
        return new Made(uuid(there.topicId()), partitions, replicas, false);
    }

    /** A topic that the controller knows already, the brokers will within moments. */
    private TopicDescription describe(String name) {
        long deadline = System.nanoTime() + TIMEOUT.toNanos();
        while (true) {
            try {
                return Objects.requireNonNull(
                        await(admin.describeTopics(List.of(name)).allTopicNames()).get(name));
            } catch (UnknownTopicOrPartitionException e) {
                if (System.nanoTime() - deadline > 0) {
                    throw unavailable(e);
                }
                LockSupport.parkNanos(PAUSE.toNanos());
            }
        }
    }

    /**
     * Waits until every partition has a leader that answers. A leader that is not ready yet may
     * take a producer's second batch after it refused the first; that one is out of order then, for
     * good.
     */
    private void awaitLeaders(String name, int from, int to) {
        describe(name);
        Map<TopicPartition, OffsetSpec> all = new HashMap<>();
        for (int partition = from; partition < to; partition++) {
            all.put(new TopicPartition(name, partition), OffsetSpec.latest());
        }
        await(admin.listOffsets(all).all());
    }

    private Map<String, String> configs(NewTopicRequest asked) {
        Map<String, String> configs = new HashMap<>();
        configs.put(TopicConfig.RETENTION_MS_CONFIG, retentionMillis(asked.retentionHours()));
        configs.put(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, Integer.toString(maxMessageBytes));
        // An event that a game writes straight to Kafka is accepted when the broker takes it, not
        // when its producer says.
        configs.put(TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG, TIMESTAMPS);
        return configs;
    }

    private static UUID uuid(Uuid id) {
        return new UUID(id.getMostSignificantBits(), id.getLeastSignificantBits());
    }

    private static <T> T await(KafkaFuture<T> future) {
        try {
            return future.get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof TopicExistsException exists) {
                throw exists;
            }
            if (e.getCause() instanceof InvalidTopicException invalid) {
                throw invalid;
            }
            if (e.getCause() instanceof UnknownTopicOrPartitionException unknown) {
                throw unknown;
            }
            throw unavailable(e);
        } catch (TimeoutException e) {
            throw unavailable(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw unavailable(e);
        }
    }

    private static RuntimeException unavailable(Throwable cause) {
        RuntimeException problem =
                Problem.unavailable(
                                "kafka_unavailable",
                                "Kafka did not do what was asked of it; try again.",
                                SOON)
                        .asException();
        problem.addSuppressed(cause);
        return problem;
    }
}
