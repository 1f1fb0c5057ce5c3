package dev.jubilee.server.bus.store;

import dev.jubilee.server.database.Timestamps;
import dev.jubilee.server.json.Json;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.common.header.Header;

/** Puts aside, in {@code platform.parked_events}, what PostgreSQL would not take. */
final class ParkedEvents {
    private ParkedEvents() {}

    /** Parks one event with everything its record held. */
    static void park(Connection connection, EventRow row, String reason, Instant at)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        INSERT INTO platform.parked_events
                            (consumer_group, topic, partition, record_offset, key, record, reason, attempts, parked_at)
                        VALUES (?, ?, ?, ?, ?, ?::jsonb, ?, 1, ?)
                        ON CONFLICT DO NOTHING
                        """)) {
            String key = row.event().partitionKey();
            statement.setString(1, EventStore.GROUP);
            statement.setString(2, row.record().topic());
            statement.setInt(3, row.record().partition());
            statement.setLong(4, row.record().offset());
            statement.setString(5, key == null ? null : StoredText.clean(key));
            statement.setString(6, Json.text(record(row)));
            statement.setString(7, StoredText.clean(reason));
            statement.setObject(8, Timestamps.utc(at));
            statement.executeUpdate();
        }
    }

    /** Bytes are in Base64: jsonb takes neither U+0000 nor what is no UTF-8. */
    private static Map<String, Object> record(EventRow row) {
        Base64.Encoder base64 = Base64.getEncoder();
        Map<String, Object> headers = new LinkedHashMap<>();
        for (Header header : row.record().headers()) {
            if (header.value() != null) {
                headers.put(StoredText.clean(header.key()), base64.encodeToString(header.value()));
            }
        }
        Map<String, Object> record = new LinkedHashMap<>();
        record.put("timestamp", row.record().timestamp());
        record.put("headers_base64", headers);
        record.put("value_base64", base64.encodeToString(row.event().data()));
        return record;
    }
}
