package dev.jubilee.server.liveops.progress;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.kafka.KafkaEnvelopes;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.liveops.progress.Matcher.Poisoned;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * Puts records aside that cannot count, with the reason, in the transaction that passes over them.
 * Nothing applies them later: what is done about an unreadable event is for people to decide. So
 * events of the same key go on counting, as they would after an event that was never sent.
 */
final class ParkedProgress {
    private static final int MAX_REASON = 1_000;

    private ParkedProgress() {}

    static void park(Connection connection, String group, List<Poisoned> poisoned, Instant now)
            throws SQLException {
        if (poisoned.isEmpty()) {
            return;
        }
        try (PreparedStatement insert =
                connection.prepareStatement(
                        """
                        INSERT INTO platform.parked_events
                               (consumer_group, topic, partition, record_offset, key, record, reason, parked_at)
                        VALUES (?, ?, ?, ?, ?, ?::jsonb, ?, ?::timestamptz)
                            ON CONFLICT DO NOTHING
                        """)) {
            for (Poisoned one : poisoned) {
                ConsumerRecord<byte[], byte[]> record = one.record();
                Envelope event = KafkaEnvelopes.read(record);
                insert.setString(1, group);
                insert.setString(2, record.topic());
                insert.setInt(3, record.partition());
                insert.setLong(4, record.offset());
                insert.setString(5, storable(event.partitionKey()));
                insert.setString(6, json(event));
                insert.setString(7, reason(one.reason()));
                insert.setString(8, now.toString());
                insert.addBatch();
            }
            insert.executeBatch();
        }
    }

    /** The payload in Base64, as it may be anything. */
    private static String json(Envelope event) {
        ObjectNode json = Json.mapper().createObjectNode();
        json.put("id", storable(event.id()));
        json.put("type", storable(event.type()));
        json.put("source", storable(event.source()));
        json.put("subject", storable(event.subject()));
        json.put("time", event.time().toString());
        if (event.acceptedAt() != null) {
            json.put("accepted_at", event.acceptedAt().toString());
        }
        json.put("content_type", storable(event.contentType()));
        json.put("data_base64", Base64.getEncoder().encodeToString(event.data()));
        return json.toString();
    }

    private static String reason(String reason) {
        String text = reason.replace("\0", "");
        return text.length() > MAX_REASON ? text.substring(0, MAX_REASON) : text;
    }

    /** PostgreSQL's text knows no NUL. */
    private static @Nullable String storable(@Nullable String text) {
        return text == null ? null : text.replace('\0', '\uFFFD');
    }
}
