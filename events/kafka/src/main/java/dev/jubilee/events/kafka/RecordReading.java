package dev.jubilee.events.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.IdOrigin;
import dev.jubilee.events.Priority;
import dev.jubilee.events.Rfc3339;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** What was read of one record so far. */
final class RecordReading {
    private static final String PREFIX = "ce_";
    private static final byte[] NO_DATA = {};

    private final ConsumerRecord<byte[], byte[]> record;
    private @Nullable String id;
    private @Nullable String type;
    private @Nullable String source;
    private @Nullable String subject;
    private @Nullable String partitionKey;
    private @Nullable String correlationId;
    private @Nullable String causationId;
    private @Nullable String contentType;
    private @Nullable Instant time;
    private @Nullable Instant acceptedAt;
    private Priority priority = Priority.NORMAL;
    private IdOrigin idOrigin = IdOrigin.CLIENT;
    private boolean replayable = true;
    private @Nullable Map<String, String> extensions;

    RecordReading(ConsumerRecord<byte[], byte[]> record) {
        this.record = record;
    }

    void header(String name, byte[] bytes) {
        switch (name) {
            case "ce_specversion" -> {}
            case "ce_id" -> id = new String(bytes, UTF_8);
            case "ce_type" -> type = new String(bytes, UTF_8);
            case "ce_source" -> source = new String(bytes, UTF_8);
            case "ce_subject" -> subject = new String(bytes, UTF_8);
            case "ce_partitionkey" -> partitionKey = new String(bytes, UTF_8);
            case "ce_correlationid" -> correlationId = new String(bytes, UTF_8);
            case "ce_causationid" -> causationId = new String(bytes, UTF_8);
            case "ce_time" -> time = moment(bytes);
            case "ce_acceptedat" -> acceptedAt = moment(bytes);
            case "ce_priority" -> priority = priority(bytes);
            case "ce_replayable" -> replayable = !is(bytes, "false");
            case "ce_idorigin" ->
                    idOrigin =
                            is(bytes, "server")
                                    ? IdOrigin.SERVER
                                    : is(bytes, "relayed") ? IdOrigin.RELAYED : IdOrigin.CLIENT;
            case "content-type" -> contentType = contentType(bytes);
            default -> {
                if (name.startsWith(PREFIX)) {
                    extension(name.substring(PREFIX.length()), new String(bytes, UTF_8));
                }
            }
        }
    }

    Envelope envelope() {
        boolean hasId = id != null && !id.isEmpty();
        String key = partitionKey;
        if (key == null && record.key() != null) {
            key = new String(record.key(), UTF_8);
        }
        byte[] data = record.value() == null ? NO_DATA : record.value();
        Instant accepted = acceptedAt == null ? timestamp() : acceptedAt;
        return new Envelope(
                id != null && hasId ? id : position(),
                type == null || type.isEmpty() ? record.topic() : type,
                source == null || source.isEmpty() ? "/kafka/" + record.topic() : source,
                subject,
                key,
                time == null ? accepted : time,
                accepted,
                contentType == null ? guessedContentType(data) : contentType,
                data,
                correlationId,
                causationId,
                priority,
                replayable,
                hasId ? idOrigin : IdOrigin.SERVER,
                extensions == null ? Map.of() : extensions);
    }

    private String position() {
        return record.topic() + "-" + record.partition() + "-" + record.offset();
    }

    private Instant timestamp() {
        return Instant.ofEpochMilli(Math.max(0, record.timestamp()));
    }

    private void extension(String name, String value) {
        if (extensions == null) {
            extensions = new HashMap<>();
        }
        extensions.put(name, value);
    }

    private static @Nullable Instant moment(byte[] bytes) {
        try {
            return Rfc3339.parse(new String(bytes, UTF_8));
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static Priority priority(byte[] bytes) {
        try {
            return Priority.of(new String(bytes, UTF_8));
        } catch (IllegalArgumentException e) {
            return Priority.NORMAL;
        }
    }

    private static String contentType(byte[] bytes) {
        return is(bytes, Envelope.JSON) ? Envelope.JSON : new String(bytes, UTF_8);
    }

    private static String guessedContentType(byte[] data) {
        boolean json = data.length == 0 || data[0] == '{' || data[0] == '[';
        return json ? Envelope.JSON : "application/octet-stream";
    }

    private static boolean is(byte[] bytes, String ascii) {
        if (bytes.length != ascii.length()) {
            return false;
        }
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] != ascii.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
