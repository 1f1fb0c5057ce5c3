package dev.jubilee.events.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.IdOrigin;
import dev.jubilee.events.Priority;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class KafkaEnvelopesTest {
    private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

    @Test
    void readsBackEverythingThatItWrote() {
        Envelope sent =
                Envelope.of("1", "game.kill", "/arena", NOON.plusNanos(1))
                        .subject("päul")
                        .partitionKey("p1")
                        .acceptedAt(NOON.plusMillis(1))
                        .data("text/plain", "hallo".getBytes(UTF_8))
                        .correlationId("c")
                        .causationId("0")
                        .priority(Priority.LOW)
                        .replayable(false)
                        .idOrigin(IdOrigin.SERVER)
                        .extensions(Map.of("region", "eu"))
                        .build();

        assertThat(KafkaEnvelopes.read(stored(KafkaEnvelopes.record("game.events", sent))))
                .isEqualTo(sent);
    }

    @Test
    void anExtensionCannotSpeakAsAnAttribute() {
        Envelope forged =
                Envelope.of("1", "game.kill", "/arena", NOON)
                        .acceptedAt(NOON)
                        .json("{}".getBytes(UTF_8))
                        .extensions(
                                Map.of("idorigin", "server", "acceptedat", "2020-01-01T00:00:00Z"))
                        .build();

        Envelope read = KafkaEnvelopes.read(stored(KafkaEnvelopes.record("game.events", forged)));

        assertThat(read.idOrigin()).isEqualTo(IdOrigin.CLIENT);
        assertThat(read.acceptedAt()).isEqualTo(NOON);
    }

    @Test
    void leavesOutWhatIsTheDefault() {
        Envelope sent =
                Envelope.of("1", "game.kill", "/arena", NOON).json("{}".getBytes(UTF_8)).build();

        ProducerRecord<byte[], byte[]> record = KafkaEnvelopes.record("game.events", sent);

        assertThat(texts(record.headers()))
                .containsExactlyInAnyOrderEntriesOf(
                        Map.of(
                                "ce_specversion", "1.0",
                                "ce_id", "1",
                                "ce_type", "game.kill",
                                "ce_source", "/arena",
                                "ce_time", "2026-11-21T12:00:00Z",
                                "content-type", "application/json"));
        assertThat(record.key()).isNull();
    }

    @Test
    void leavesOutATimeThatIsTheMomentOfAcceptance() {
        Envelope sent = Envelope.of("1", "game.kill", "/arena", NOON).acceptedAt(NOON).build();

        ProducerRecord<byte[], byte[]> record = KafkaEnvelopes.record("game.events", sent);

        assertThat(texts(record.headers())).doesNotContainKey("ce_time");
        assertThat(KafkaEnvelopes.read(stored(record))).isEqualTo(sent);
    }

    @Test
    void makesTheRecordCarryKeyDataAndMomentOfAcceptance() {
        Envelope sent =
                Envelope.of("1", "game.kill", "/arena", NOON)
                        .partitionKey("p1")
                        .json("{}".getBytes(UTF_8))
                        .acceptedAt(NOON.plusSeconds(5))
                        .build();

        ProducerRecord<byte[], byte[]> record = KafkaEnvelopes.record("game.events", 3, sent);

        assertThat(record.key()).isEqualTo("p1".getBytes(UTF_8));
        assertThat(record.value()).isEqualTo("{}".getBytes(UTF_8));
        assertThat(record.timestamp()).isEqualTo(NOON.plusSeconds(5).toEpochMilli());
        assertThat(record.partition()).isEqualTo(3);
    }

    @Test
    void makesUpForEverythingThatAForeignProducerLeftOut() {
        Envelope read = KafkaEnvelopes.read(stored(null, "plain".getBytes(UTF_8), Map.of()));

        assertThat(read)
                .isEqualTo(
                        Envelope.of("game.events-2-42", "game.events", "/kafka/game.events", NOON)
                                .acceptedAt(NOON)
                                .idOrigin(IdOrigin.SERVER)
                                .data("application/octet-stream", "plain".getBytes(UTF_8))
                                .build());
    }

    @Test
    void readsARecordWithoutValue() {
        Envelope read = KafkaEnvelopes.read(stored("k".getBytes(UTF_8), null, Map.of()));

        assertThat(read.data()).isEmpty();
        assertThat(read.contentType()).isEqualTo(Envelope.JSON);
        assertThat(read.partitionKey()).isEqualTo("k");
    }

    @Test
    void countsAForeignIdAsMadeByAClient() {
        Envelope read = KafkaEnvelopes.read(stored(null, null, Map.of("ce_id", "mine")));

        assertThat(read.id()).isEqualTo("mine");
        assertThat(read.idOrigin()).isEqualTo(IdOrigin.CLIENT);
    }

    @Test
    void passesOverWhatIsWrong() {
        Envelope read =
                KafkaEnvelopes.read(
                        stored(
                                null,
                                "{}".getBytes(UTF_8),
                                Map.of(
                                        "ce_id", "",
                                        "ce_type", "",
                                        "ce_source", "",
                                        "ce_time", "soon",
                                        "ce_priority", "utmost",
                                        "ce_idorigin", "me",
                                        "ce_replayable", "perhaps",
                                        "traceparent", "00-1-2-01")));

        assertThat(read)
                .isEqualTo(
                        Envelope.of("game.events-2-42", "game.events", "/kafka/game.events", NOON)
                                .acceptedAt(NOON)
                                .idOrigin(IdOrigin.SERVER)
                                .json("{}".getBytes(UTF_8))
                                .build());
    }

    @Test
    @SuppressWarnings("NullAway") // a header of Kafka may have no value
    void theTypeAloneIsThatOfTheWholeEvent() {
        Header one = new RecordHeader("ce_type", "game.kill".getBytes(UTF_8));
        Header other = new RecordHeader("ce_type", "game.join".getBytes(UTF_8));
        Header empty = new RecordHeader("ce_type", new byte[0]);
        Header none = new RecordHeader("ce_type", (byte[]) null);
        for (List<Header> headers :
                List.of(
                        List.<Header>of(),
                        List.of(one),
                        List.of(one, other),
                        List.of(one, empty),
                        List.of(one, none),
                        List.of(empty, none),
                        List.of(none))) {
            ConsumerRecord<byte[], byte[]> record = stored(null, null, new RecordHeaders(headers));

            assertThat(KafkaEnvelopes.typeOf(record)).isEqualTo(KafkaEnvelopes.read(record).type());
        }
    }

    private static ConsumerRecord<byte[], byte[]> stored(ProducerRecord<byte[], byte[]> record) {
        return stored(record.key(), record.value(), record.headers());
    }

    private static ConsumerRecord<byte[], byte[]> stored(
            byte @Nullable [] key, byte @Nullable [] value, Map<String, String> headers) {
        Headers recordHeaders = new RecordHeaders();
        headers.forEach((name, text) -> recordHeaders.add(name, text.getBytes(UTF_8)));
        return stored(key, value, recordHeaders);
    }

    @SuppressWarnings(
            "NullAway") // Kafka's own signatures do not say that key and value may be null
    private static ConsumerRecord<byte[], byte[]> stored(
            byte @Nullable [] key, byte @Nullable [] value, Headers headers) {
        return new ConsumerRecord<>(
                "game.events",
                2,
                42,
                NOON.toEpochMilli(),
                TimestampType.CREATE_TIME,
                0,
                0,
                key,
                value,
                headers,
                Optional.empty());
    }

    private static Map<String, String> texts(Headers headers) {
        Map<String, String> texts = new HashMap<>();
        for (Header header : headers) {
            texts.put(header.key(), new String(header.value(), UTF_8));
        }
        return texts;
    }
}
