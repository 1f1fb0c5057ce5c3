package dev.jubilee.bench;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads a topic by itself, from where it ended at a moment to where it ends now. */
final class TopicReader {
    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final Installation at;
    private final String topic;

    TopicReader(Installation at, String topic) {
        this.at = at;
        this.topic = topic;
    }

    /** Where each partition ends. */
    Map<TopicPartition, Long> ends() {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", at.brokers()))) {
            Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
            for (TopicDescription found :
                    admin.describeTopics(List.of(topic)).allTopicNames().get().values()) {
                found.partitions()
                        .forEach(info ->
                                asked.put(
                                        new TopicPartition(topic, info.partition()),
                                        OffsetSpec.latest()));
            }
            Map<TopicPartition, Long> ends = new HashMap<>();
            admin.listOffsets(asked)
                    .all()
                    .get()
                    .forEach((partition, end) -> ends.put(partition, end.offset()));
            return ends;
        } catch (ExecutionException e) {
            throw new BenchException("Where " + topic + " ends: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted", e);
        }
    }

    /** Has Kafka drop everything that is on the topic now, as it does when retention has passed. */
    void forget() {
        Map<TopicPartition, RecordsToDelete> all = new HashMap<>();
        ends().forEach((partition, end) -> all.put(partition, RecordsToDelete.beforeOffset(end)));
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", at.brokers()))) {
            admin.deleteRecords(all).all().get();
        } catch (ExecutionException e) {
            throw new BenchException("Dropping what is on " + topic + ": " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted", e);
        }
    }

    /**
     * Tells a ledger of each marked event from there on.
     *
     * @return records a second
     */
    double read(Map<TopicPartition, Long> from, Ledger into) {
        Map<TopicPartition, Long> ends = ends();
        try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
            consumer.assign(ends.keySet());
            ends.keySet().forEach(one -> consumer.seek(one, from.getOrDefault(one, 0L)));
            long start = System.nanoTime();
            long read = 0;
            while (ends.entrySet().stream()
                    .anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                if (System.nanoTime() - start > PATIENCE.toNanos()) {
                    throw new BenchException("%s was not read in %s".formatted(topic, PATIENCE));
                }
                for (ConsumerRecord<byte[], byte[]> one : consumer.poll(POLL)) {
                    read++;
                    Mark.find(one.value(), mark -> into.hear(mark, start));
                }
            }
            return read / ((System.nanoTime() - start) / 1e9);
        }
    }

    private KafkaConsumer<byte[], byte[]> consumer() {
        return new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers",
                        at.brokers(),
                        "enable.auto.commit",
                        "false",
                        "auto.offset.reset",
                        "none",
                        "enable.metrics.push",
                        "false",
                        "key.deserializer",
                        ByteArrayDeserializer.class,
                        "value.deserializer",
                        ByteArrayDeserializer.class));
    }
}
