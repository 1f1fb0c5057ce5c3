package dev.jubilee.events.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.IdOrigin;
import dev.jubilee.events.Priority;
import dev.jubilee.events.Rfc3339;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/**
 * Events as Kafka records: the binary mode of the <a
 * href="https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md">CloudEvents
 * Kafka binding</a>. The value is the data, each attribute a header {@code ce_…}, the record's key
 * the partition key, its timestamp the moment of acceptance.
 *
 * <p>Beside the attributes of CloudEvents: {@code ce_acceptedat}, {@code ce_correlationid}, {@code
 * ce_causationid}, {@code ce_idorigin} ({@code server}; without it a client made the id), {@code
 * ce_priority} (without it normal) and {@code ce_replayable} ({@code false}; without it true).
 * Every consumer pays for each header, so what says nothing new is left out: the partition key,
 * which is the record's key, and {@code ce_time} where it is the moment of acceptance.
 *
 * <p>Reading never fails, because a record that is there must be dealt with: what a foreign
 * producer left out or got wrong is made up for, always in the same way for the same record.
 */
public final class KafkaEnvelopes {
    private static final String PREFIX = "ce_";
    private static final String TYPE = "ce_type";
    private static final Set<String> ATTRIBUTES =
            Set.of(
                    "specversion",
                    "id",
                    "type",
                    "source",
                    "time",
                    "subject",
                    "partitionkey",
                    "correlationid",
                    "causationid",
                    "acceptedat",
                    "idorigin",
                    "priority",
                    "replayable");
    private static final Header SPEC_VERSION = new EventHeader("ce_specversion", "1.0");
    private static final Header CONTENT_TYPE_JSON = new EventHeader("content-type", Envelope.JSON);
    private static final Header ID_BY_SERVER = new EventHeader("ce_idorigin", "server");
    private static final Header ID_RELAYED = new EventHeader("ce_idorigin", "relayed");
    private static final Header PRIORITY_HIGH = new EventHeader("ce_priority", "high");
    private static final Header PRIORITY_LOW = new EventHeader("ce_priority", "low");
    private static final Header NOT_REPLAYABLE = new EventHeader("ce_replayable", "false");
    private static final int TYPICAL_HEADERS = 12;

    private KafkaEnvelopes() {}

    /** The record that carries the event on the topic; the partition follows from the key. */
    public static ProducerRecord<byte[], byte[]> record(String topic, Envelope event) {
        return record(topic, null, event);
    }

    /** The record that carries the event on the topic, in the partition given if there is one. */
    public static ProducerRecord<byte[], byte[]> record(
            String topic, @Nullable Integer partition, Envelope event) {
        Long timestamp = event.acceptedAt() == null ? null : event.acceptedAt().toEpochMilli();
        return record(topic, partition, timestamp, event);
    }

    /**
     * As {@link #record(String, Envelope)}, but its timestamp is the moment at which it is written:
     * the topic keeps it from then on, however long ago the event was accepted.
     */
    static ProducerRecord<byte[], byte[]> writtenAnew(String topic, Envelope event) {
        return record(topic, null, null, event);
    }

    private static ProducerRecord<byte[], byte[]> record(
            String topic, @Nullable Integer partition, @Nullable Long timestamp, Envelope event) {
        String partitionKey = event.partitionKey();
        byte[] key = partitionKey == null ? null : partitionKey.getBytes(UTF_8);
        return new ProducerRecord<>(topic, partition, timestamp, key, event.data(), headers(event));
    }

    private static List<Header> headers(Envelope event) {
        List<Header> headers = new ArrayList<>(TYPICAL_HEADERS);
        headers.add(SPEC_VERSION);
        headers.add(new EventHeader("ce_id", event.id()));
        headers.add(new EventHeader("ce_source", event.source()));
        if (!event.time().equals(event.acceptedAt())) {
            headers.add(new EventHeader("ce_time", Rfc3339.bytes(event.time())));
        }
        headers.add(
                event.contentType().equals(Envelope.JSON)
                        ? CONTENT_TYPE_JSON
                        : new EventHeader("content-type", event.contentType()));
        if (event.acceptedAt() != null) {
            headers.add(new EventHeader("ce_acceptedat", Rfc3339.bytes(event.acceptedAt())));
        }
        addText(headers, "ce_subject", event.subject());
        addText(headers, "ce_correlationid", event.correlationId());
        addText(headers, "ce_causationid", event.causationId());
        if (event.idOrigin() != IdOrigin.CLIENT) {
            headers.add(event.idOrigin() == IdOrigin.SERVER ? ID_BY_SERVER : ID_RELAYED);
        }
        if (event.priority() != Priority.NORMAL) {
            headers.add(event.priority() == Priority.HIGH ? PRIORITY_HIGH : PRIORITY_LOW);
        }
        if (!event.replayable()) {
            headers.add(NOT_REPLAYABLE);
        }
        for (Map.Entry<String, String> extension : event.extensions().entrySet()) {
            // An extension must not speak as an attribute that is written above.
            if (!ATTRIBUTES.contains(extension.getKey())) {
                headers.add(new EventHeader(PREFIX + extension.getKey(), extension.getValue()));
            }
        }
        // Last, where typeOf begins to look: Kafka makes a text of each name that is looked at.
        headers.add(new EventHeader(TYPE, event.type()));
        return headers;
    }

    private static void addText(List<Header> headers, String name, @Nullable String value) {
        if (value != null) {
            headers.add(new EventHeader(name, value));
        }
    }

    /**
     * The event that a record carries. What is missing: an id becomes {@code
     * topic-partition-offset}, which is unique and so counts as made by the server; a type becomes
     * the topic; a source {@code /kafka/topic}; a moment of acceptance the record's timestamp; a
     * time that moment; a content type JSON, unless the value does not begin like it.
     */
    public static Envelope read(ConsumerRecord<byte[], byte[]> record) {
        RecordReading reading = new RecordReading(record);
        for (Header header : record.headers()) {
            byte[] value = header.value();
            if (value != null) {
                reading.header(header.key(), value);
            }
        }
        return reading.envelope();
    }

    /**
     * The type of the event that a record carries, as {@link #read} would tell it. Far cheaper: for
     * consumers to whom most events are of no concern.
     */
    public static String typeOf(ConsumerRecord<byte[], byte[]> record) {
        Header type = record.headers().lastHeader(TYPE);
        if (type == null) {
            return record.topic();
        }
        byte[] value = type.value();
        if (value == null) {
            return read(record).type(); // an earlier one may have a value
        }
        return value.length == 0 ? record.topic() : new String(value, UTF_8);
    }
}
