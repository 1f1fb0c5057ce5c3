package dev.jubilee.server.bus.delivery.catchup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.kafka.LoopListener;
import dev.jubilee.server.bus.delivery.TestSubscriptions;
import dev.jubilee.server.bus.delivery.routing.DeliveryPlacer;
import dev.jubilee.server.bus.delivery.shards.Owned;
import dev.jubilee.server.bus.delivery.shards.Ownership;
import dev.jubilee.server.bus.delivery.streams.OpenStreams;
import dev.jubilee.server.bus.delivery.streams.StreamMemory;
import dev.jubilee.server.bus.delivery.windows.DeliveryMemory;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.subscriptions.SubscriptionDirectory;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
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

    @Test
    void whoIsOwedEnoughLeavesTheTurnToOthers() throws Exception {
        Subscription subscription = TestSubscriptions.batching(0);
        execute(
                """
                INSERT INTO bus.event_subscriptions (id, subscription_id, service_name) VALUES ('%1$s', '%1$s', 's');
                INSERT INTO bus.topics (name, kafka_topic_id) VALUES ('full', '%2$s');
                INSERT INTO bus.subscription_catch_ups VALUES ('%1$s', '%2$s', 0, 'full', 0);
                INSERT INTO bus.pending_deliveries (subscription_id, id, event_id, event_type, topic, priority, body,
                    due_at, taken, accepted_at)
                SELECT '%1$s', n, 'e' || n, 'game.kill', 'full', 1, '', now(), false, now()
                FROM generate_series(1, 5000) n
                """
                        .formatted(subscription.id(), UUID.randomUUID()));
        Database database = new Database(platform.dataSource());
        SubscriptionDirectory directory =
                new SubscriptionDirectory(database, new ChangeFeed(platform.dataSource()));
        Ownership ownership = new Ownership();
        DeliveryPlacer placer =
                new DeliveryPlacer(
                        directory,
                        ownership,
                        new OpenStreams(StreamMemory.ofHeap()),
                        new DeliveryMemory(16 << 20));
        Owned.all(ownership);
        KafkaCatchUp catchUp =
                new KafkaCatchUp(
                        Map.of("bootstrap.servers", platform.brokers()),
                        database,
                        placer,
                        subscription,
                        (index, event) -> List.of(),
                        LoopListener.NONE);

        CompletableFuture<Void> turn =
                CompletableFuture.runAsync(() -> catchUp.run(Duration.ofMinutes(2)));

        assertThat(turn).succeedsWithin(Duration.ofMinutes(2));
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
