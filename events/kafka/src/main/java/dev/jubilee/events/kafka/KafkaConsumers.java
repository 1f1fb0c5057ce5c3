package dev.jubilee.events.kafka;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes the consumers of a bus, each at the place where it has to begin. */
final class KafkaConsumers {
    private static final Logger LOG = LoggerFactory.getLogger(KafkaConsumers.class);

    /** In bytes: what a dead letter says beside its event, which is less than half of it. */
    static final int LETTER_ROOM = 16 << 10;

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Map<String, Object> kafka;
    private final Admin admin;

    KafkaConsumers(Map<String, Object> kafka, Admin admin) {
        this.kafka = kafka;
        this.admin = admin;
    }

    /** Makes those topics that do not exist, and returns when they can be written to. */
    void createMissing(Set<String> topics) {
        create(missing(topics), Map.of());
    }

    /**
     * Makes the topic of dead letters if it does not exist; its messages may be longer than those
     * of the events' topics by what a letter says beside its event.
     */
    void createLetters(String topic, Set<String> events) {
        Set<String> missing = missing(Set.of(topic));
        if (!missing.isEmpty()) {
            create(missing, longerThan(events));
        }
    }

    private Map<String, String> longerThan(Set<String> topics) {
        List<ConfigResource> asked =
                topics.stream()
                        .map(topic -> new ConfigResource(ConfigResource.Type.TOPIC, topic))
                        .toList();
        try {
            int longest =
                    await(admin.describeConfigs(asked).all()).values().stream()
                            .map(config -> config.get(TopicConfig.MAX_MESSAGE_BYTES_CONFIG))
                            .mapToInt(entry -> Integer.parseInt(entry.value()))
                            .max()
                            .orElseThrow();
            return Map.of(
                    TopicConfig.MAX_MESSAGE_BYTES_CONFIG,
                    Long.toString(Math.min(Integer.MAX_VALUE, (long) longest + LETTER_ROOM)));
        } catch (KafkaException e) { // it may not be asked
            LOG.debug("dead letters have no more room than the events: {}", e.toString());
            return Map.of();
        }
    }

    private Set<String> missing(Set<String> topics) {
        Set<String> missing = new HashSet<>(topics);
        missing.removeAll(await(admin.listTopics().names()));
        return missing;
    }

    private void create(Set<String> missing, Map<String, String> configs) {
        List<NewTopic> made = new ArrayList<>();
        missing.forEach(topic ->
                made.add(new NewTopic(topic, Optional.empty(), Optional.empty()).configs(configs)));
        admin.createTopics(made)
                .values()
                .values()
                .forEach(creation -> {
                    try {
                        await(creation);
                    } catch (KafkaException e) {
                        if (!(e.getCause() instanceof TopicExistsException)) {
                            throw e;
                        }
                    }
                });
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        TopicOffsets offsets = new TopicOffsets(admin);
        while (!missing.isEmpty() && !haveLeaders(offsets, missing)) {
            if (System.nanoTime() > deadline) {
                throw new KafkaException("the topics " + missing + " have no leaders yet");
            }
            Thread.onSpinWait();
        }
    }

    private static boolean haveLeaders(TopicOffsets offsets, Set<String> topics) {
        try {
            return offsets.ids(topics).size() == topics.size() && !offsets.ends(topics).isEmpty();
        } catch (RetryableException e) {
            return false;
        }
    }

    /** All partitions, from what is published from now on. */
    Consumer<byte[], byte[]> fromNowOn(Collection<String> topics) {
        return ready(consumer -> {
            List<TopicPartition> partitions = partitions(consumer, topics);
            consumer.assign(partitions);
            consumer.seekToEnd(partitions);
            partitions.forEach(partition -> consumer.position(partition, PATIENCE));
        });
    }

    /** All partitions, from the beginning. */
    Consumer<byte[], byte[]> fromTheBeginning(String topic) {
        return ready(consumer -> {
            List<TopicPartition> partitions = partitions(consumer, List.of(topic));
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
        });
    }

    /** One that is told where to read when it is there. */
    Consumer<byte[], byte[]> anywhere() {
        return consumer(Map.of());
    }

    /** A consumer that was made ready, or none that is left open. */
    private Consumer<byte[], byte[]> ready(
            java.util.function.Consumer<Consumer<byte[], byte[]>> making) {
        Consumer<byte[], byte[]> consumer = consumer(Map.of());
        try {
            making.accept(consumer);
            return consumer;
        } catch (RuntimeException e) {
            consumer.close();
            throw e;
        }
    }

    /**
     * A member of the group. One that has no place anywhere begins with what is published from now
     * on; where one that has a place somewhere has none, which is where partitions or topics were
     * added, it begins with what was published first.
     */
    Consumer<byte[], byte[]> ofGroup(String group, Collection<String> topics) {
        try {
            if (!hasPlace(group)) {
                beginNow(group, topics);
            }
        } catch (KafkaException e) {
            // A group with members has fixed its place already, and lets nobody else do so.
            LOG.debug("the place of {} is not fixed again: {}", group, e.toString());
        }
        return consumer(
                Map.of(
                        ConsumerConfig.GROUP_ID_CONFIG,
                        group,
                        ConsumerConfig.GROUP_PROTOCOL_CONFIG,
                        "classic"));
    }

    private void beginNow(String group, Collection<String> topics) {
        try (Consumer<byte[], byte[]> scout =
                consumer(Map.of(ConsumerConfig.GROUP_ID_CONFIG, group))) {
            List<TopicPartition> partitions = partitions(scout, topics);
            Map<TopicPartition, OffsetAndMetadata> begin = new HashMap<>();
            scout.endOffsets(partitions, PATIENCE)
                    .forEach((partition, end) -> begin.put(partition, new OffsetAndMetadata(end)));
            // Asked again after the ends: whoever fixes a place from here on fixes no earlier one,
            // so that this one passes over nothing that is published after that.
            if (hasPlace(group)) {
                return;
            }
            LOG.info(
                    "{} begins with what is published from now on, because Kafka knows no place of it;"
                            + " had it one before, it was away for longer than offsets.retention.minutes",
                    group);
            scout.assign(partitions);
            scout.commitSync(begin, PATIENCE);
        }
    }

    private boolean hasPlace(String group) {
        return await(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata())
                .values()
                .stream()
                .anyMatch(Objects::nonNull);
    }

    private static List<TopicPartition> partitions(
            Consumer<?, ?> consumer, Collection<String> topics) {
        List<TopicPartition> partitions = new ArrayList<>();
        for (String topic : topics) {
            consumer.partitionsFor(topic, PATIENCE)
                    .forEach(info -> partitions.add(new TopicPartition(topic, info.partition())));
        }
        return partitions;
    }

    private Consumer<byte[], byte[]> consumer(Map<String, Object> particular) {
        Map<String, Object> all = new HashMap<>();
        all.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, 6000);
        all.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, 500);
        all.put(ConsumerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 500);
        all.put(ConsumerConfig.METADATA_MAX_AGE_CONFIG, 5000);
        all.put(ConsumerConfig.ENABLE_METRICS_PUSH_CONFIG, false);
        all.putAll(kafka);
        all.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        all.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        all.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        all.putAll(particular);
        return new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private static <T> T await(KafkaFuture<T> future) {
        try {
            return future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new KafkaException("Kafka failed: " + e.getMessage(), e.getCause());
        } catch (TimeoutException e) {
            throw new KafkaException("Kafka did not answer in " + PATIENCE.toSeconds() + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KafkaException("interrupted while asking Kafka", e);
        }
    }
}
