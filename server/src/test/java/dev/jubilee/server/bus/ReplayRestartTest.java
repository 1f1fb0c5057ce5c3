package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.testing.Platform;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ReplayRestartTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final int EVENTS = 160;

    @Test
    void aReplayGoesOnWhereAnInstanceEndedAndAfterOneDied() throws Exception {
        String source = platform.topic("source");
        String target = platform.topic("target");
        String path;
        int before;
        try (BusInstance first = new BusInstance(platform, Map.of())) {
            first.post("operator", "/topics", "{\"name\":\"" + source + "\"}");
            first.post("operator", "/topics", "{\"name\":\"" + target + "\",\"partitions\":1}");
            String item = "{\"event_type\":\"game.kill\",\"topic\":\"" + source + "\"}";
            String batch = "[" + (item + ",").repeat(EVENTS - 1) + item + "]";
            assertThat(first.post("service", "/events/publish/batch", batch).status())
                    .isEqualTo(200);
            Answer made =
                    first.post(
                            "operator",
                            "/replay",
                            """
                            {"topic": "%s", "start_time": "%s", "target_topic": "%s", "rate_per_second": 8}
                            """
                                    .formatted(
                                            source,
                                            platform.clock().instant().minusSeconds(60),
                                            target));
            path = "/replay/" + made.text("replay_id") + "/status";
            Await.until(
                    "it has begun",
                    () -> first.get("operator", path).body().get("replayed").intValue() > 0);
        }
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            // As if its holder had died: the lease stands, and ends.
            statement.execute(
                    "UPDATE bus.replays SET lease = uuidv7(), leased_until = clock_timestamp() + interval '1 second'");
        }
        before = idsIn(target).size();
        assertThat(before).isPositive().isLessThan(EVENTS);
        try (BusInstance second = new BusInstance(platform, Map.of())) {
            Await.until(
                    "the replay is done",
                    Duration.ofMinutes(5),
                    () ->
                            second.get("operator", path)
                                    .body()
                                    .get("status")
                                    .stringValue()
                                    .equals("completed"));
            assertThat(second.get("operator", path).body().get("replayed").intValue())
                    .isEqualTo(EVENTS);
        }
        assertThat(idsIn(target)).hasSize(EVENTS).doesNotHaveDuplicates();
    }

    private static List<String> idsIn(String topic) {
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(
                        platform.kafka(),
                        new ByteArrayDeserializer(),
                        new ByteArrayDeserializer())) {
            TopicPartition partition = new TopicPartition(topic, 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).values().iterator().next();
            List<String> ids = new ArrayList<>();
            while (ids.size() < end) {
                for (ConsumerRecord<byte[], byte[]> record :
                        consumer.poll(Duration.ofMillis(200))) {
                    byte[] id = record.headers().lastHeader("ce_id").value();
                    ids.add(new String(id, StandardCharsets.UTF_8));
                }
            }
            return ids;
        }
    }
}
