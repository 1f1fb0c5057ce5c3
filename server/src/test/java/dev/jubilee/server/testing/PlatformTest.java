package dev.jubilee.server.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class PlatformTest {
    @RegisterExtension static final Platform platform = new Platform();

    @Test
    void theDatabaseIsDurableAndKnowsItsChecksums() throws SQLException {
        assertThat(setting("fsync")).isEqualTo("on");
        assertThat(setting("synchronous_commit")).isEqualTo("on");
        assertThat(setting("data_checksums")).isEqualTo("on");
        assertThat(setting("listen_addresses")).isEqualTo("127.0.0.1");
        assertThat(setting("password_encryption")).isEqualTo("scram-sha-256");
    }

    @Test
    void whatOneDatabaseHoldsAnotherDoesNot() throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE mine (id int)");
        }
        String other = platform.anotherDatabase();
        try (Connection connection =
                        java.sql.DriverManager.getConnection(
                                other, platform.user(), platform.password());
                ResultSet table =
                        connection.getMetaData().getTables(null, "public", "mine", null)) {
            assertThat(table.next()).isFalse();
        }
    }

    @Test
    void whatIsSentToATopicIsReadFromIt() throws Exception {
        String topic = platform.createTopic("greetings", 2);
        Properties sending = platform.kafka();
        sending.setProperty(ProducerConfig.ACKS_CONFIG, "all");
        try (KafkaProducer<String, String> producer =
                new KafkaProducer<>(sending, new StringSerializer(), new StringSerializer())) {
            producer.send(new ProducerRecord<>(topic, "key", "hello")).get();
        }
        Properties reading = platform.kafka();
        reading.setProperty(ConsumerConfig.GROUP_ID_CONFIG, platform.topic("readers"));
        reading.setProperty(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        try (KafkaConsumer<String, String> consumer =
                new KafkaConsumer<>(reading, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(topic));
            Await.untilAsserted(
                    "the record arrives",
                    () ->
                            assertThat(consumer.poll(Duration.ofMillis(200)))
                                    .extracting(found -> found.value())
                                    .containsExactly("hello"));
        }
        assertThat(topic.getBytes(StandardCharsets.UTF_8)).hasSizeLessThan(249);
    }

    @Test
    void timeStandsStillUntilItIsMoved() {
        MutableClock clock = new MutableClock();
        assertThat(clock.instant()).isEqualTo(MutableClock.START);
        clock.advance(Duration.ofHours(1));
        assertThat(clock.instant()).isEqualTo(MutableClock.START.plus(Duration.ofHours(1)));
    }

    private static String setting(String name) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SHOW " + name)) {
            row.next();
            return row.getString(1);
        }
    }
}
