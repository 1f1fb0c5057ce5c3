package dev.jubilee.server.bus.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.testing.Platform;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class KafkaCatchUpTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final int PARTITIONS = 24;
    private static final int EACH = 400_000;

    @Test
    void whatIsReadAtOnceIsBoundedByBytesHoweverManyPartitionsThereAre() {
        String topic = platform.createTopic("large", PARTITIONS);
        try (KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(
                        platform.kafka(), new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int i = 0; i < PARTITIONS; i++) {
                var _ = producer.send(new ProducerRecord<>(topic, i, null, new byte[EACH]));
            }
        }
        Map<String, Object> kafka = new HashMap<>(Map.of("bootstrap.servers", platform.brokers()));
        int read = 0;
        int most = 0;
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(KafkaCatchUp.settings(kafka, UUID.randomUUID()))) {
            List<TopicPartition> all =
                    IntStream.range(0, PARTITIONS)
                            .mapToObj(i -> new TopicPartition(topic, i))
                            .toList();
            consumer.assign(all);
            consumer.seekToBeginning(all);
            while (read < PARTITIONS * EACH) {
                int bytes = 0;
                for (ConsumerRecord<byte[], byte[]> one : consumer.poll(Duration.ofSeconds(5))) {
                    bytes += one.serializedValueSize();
                }
                read += bytes;
                most = Math.max(most, bytes);
            }
        }

        // One answer of the broker, or one that had come before as well.
        assertThat(most).isLessThanOrEqualTo(2 * (2 << 20));
    }
}
