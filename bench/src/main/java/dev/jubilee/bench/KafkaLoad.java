package dev.jubilee.bench;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.kafka.KafkaBusSettings;
import dev.jubilee.events.kafka.KafkaEventBus;
import dev.jubilee.events.kafka.KafkaTopics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Phaser;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** The library's bus on the platform's Kafka, with a topic of six partitions that is deleted. */
final class KafkaLoad implements AutoCloseable {
    private static final String TOPIC = "bench-bus";
    private static final int PARTITIONS = 6;

    private final Admin admin;
    private final KafkaEventBus bus;
    private long published;

    KafkaLoad(Installation at, EventCodec codec) {
        admin = Admin.create(Map.of("bootstrap.servers", at.brokers()));
        try {
            admin.createTopics(List.of(new NewTopic(TOPIC, PARTITIONS, (short) 1))).all().get();
        } catch (ExecutionException e) {
            admin.close();
            throw new BenchException("Kafka: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted", e);
        }
        bus =
                new KafkaEventBus(
                        KafkaBusSettings.of(at.brokers()).withTopics(KafkaTopics.one(TOPIC)),
                        codec);
    }

    /**
     * What was published.
     *
     * @param seconds until Kafka had taken all
     */
    record Published(int events, double seconds) {
        double rate() {
            return events / seconds;
        }
    }

    /** Publishes these over and over for so long, and waits until Kafka has taken all. */
    Published publish(List<? extends BaseEvent> events, Duration duration) {
        Phaser open = new Phaser(1);
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        long start = System.nanoTime();
        int count = 0;
        while (System.nanoTime() - start < duration.toNanos()) {
            List<CompletableFuture<Void>> sent = new ArrayList<>(events.size());
            events.forEach(event -> sent.add(bus.publishAsync(event)));
            open.register();
            var _ =
                    CompletableFuture.allOf(sent.toArray(CompletableFuture[]::new))
                            .whenComplete((done, failed) -> {
                                if (failed != null) {
                                    failure.set(failed);
                                }
                                open.arriveAndDeregister();
                            });
            count += sent.size();
        }
        open.arriveAndAwaitAdvance();
        double seconds = (System.nanoTime() - start) / 1e9;
        Throwable failed = failure.get();
        if (failed != null) {
            throw new BenchException("Kafka did not take an event: " + failed.getMessage(), failed);
        }
        published += count;
        return new Published(count, seconds);
    }

    /** How many events Kafka has taken. */
    long published() {
        return published;
    }

    /** How many events the topic holds. */
    long onTopic() {
        Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
        for (int partition = 0; partition < PARTITIONS; partition++) {
            ends.put(new TopicPartition(TOPIC, partition), OffsetSpec.latest());
        }
        try {
            return admin.listOffsets(ends).all().get().values().stream()
                    .mapToLong(ListOffsetsResult.ListOffsetsResultInfo::offset)
                    .sum();
        } catch (ExecutionException e) {
            throw new BenchException("Kafka: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted", e);
        }
    }

    @Override
    public void close() {
        bus.close();
        try {
            admin.deleteTopics(List.of(TOPIC)).all().get();
        } catch (ExecutionException e) {
            throw new BenchException("Kafka: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            admin.close();
        }
    }
}
