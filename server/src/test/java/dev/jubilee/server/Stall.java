package dev.jubilee.server;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerInterceptor;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerInterceptor;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Makes the producer of one instance stand still, as one does that lacks metadata or memory. */
final class Stall {
    private static final String SETTING = "test.stall";

    private final AtomicReference<CountDownLatch> gate =
            new AtomicReference<>(new CountDownLatch(0));

    /** Settings for Kafka clients whose producer this holds. */
    Map<String, Object> on(String brokers) {
        return new HashMap<>(
                Map.of(
                        "bootstrap.servers",
                        brokers,
                        "interceptor.classes",
                        Interceptor.class.getName(),
                        SETTING,
                        this));
    }

    void hold() {
        gate.set(new CountDownLatch(1));
    }

    void release() {
        gate.get().countDown();
    }

    /** Kafka makes it by its class; consumers, which share the settings, take no notice of it. */
    public static final class Interceptor
            implements ProducerInterceptor<byte[], byte[]>, ConsumerInterceptor<byte[], byte[]> {
        private @Nullable Stall stall;

        @Override
        public void configure(Map<String, ?> settings) {
            stall = (Stall) settings.get(SETTING);
        }

        @Override
        public ProducerRecord<byte[], byte[]> onSend(ProducerRecord<byte[], byte[]> record) {
            try {
                if (stall != null) {
                    stall.gate.get().await();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return record;
        }

        @Override
        public void onAcknowledgement(
                @Nullable RecordMetadata metadata, @Nullable Exception failure) {}

        @Override
        public ConsumerRecords<byte[], byte[]> onConsume(ConsumerRecords<byte[], byte[]> records) {
            return records;
        }

        @Override
        public void onCommit(Map<TopicPartition, OffsetAndMetadata> offsets) {}

        @Override
        public void close() {}
    }
}
