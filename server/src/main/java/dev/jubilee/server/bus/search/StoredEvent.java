package dev.jubilee.server.bus.search;

import dev.jubilee.server.database.Timestamps;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An event as the store has it.
 *
 * @param id the row's key, whose time is that of acceptance; later is greater
 * @param eventId the id that everyone knows it by
 * @param clientMade whether a client made that id
 * @param payload text; in Base64 when the content type ends in {@code ;base64}
 * @param contentType null is JSON
 * @param extensions JSON object of further CloudEvents attributes
 */
public record StoredEvent(
        UUID id,
        String eventId,
        boolean clientMade,
        String eventType,
        String topic,
        String source,
        @Nullable String key,
        @Nullable String payload,
        @Nullable String contentType,
        int partition,
        long offset,
        String status,
        int retryCount,
        String priority,
        Instant timestamp,
        Instant acceptedAt,
        Instant processedAt,
        @Nullable String correlationId,
        @Nullable String causationId,
        @Nullable String extensions,
        boolean isReplayable,
        boolean isEncrypted) {
    /** The columns that {@link #read} reads, of {@code bus.events e}. */
    public static final String COLUMNS =
            """
            e.id, e.client_event_id, e.event_type, e.topic, e.source, e.key, e.payload, e.content_type, e.partition,
            e."offset", e.status, e.retry_count, e.priority, e.timestamp, e.accepted_at, e.processed_at,
            e.correlation_id, e.causation_id, e.extensions, e.is_replayable, e.is_encrypted
            """;

    /** The same with what became of it, which no row says. */
    public StoredEvent with(String newStatus, int retries) {
        return new StoredEvent(
                id,
                eventId,
                clientMade,
                eventType,
                topic,
                source,
                key,
                payload,
                contentType,
                partition,
                offset,
                newStatus,
                retries,
                priority,
                timestamp,
                acceptedAt,
                processedAt,
                correlationId,
                causationId,
                extensions,
                isReplayable,
                isEncrypted);
    }

    /** The event of the row that the result stands on. */
    public static StoredEvent read(ResultSet row) throws SQLException {
        UUID id = row.getObject("id", UUID.class);
        String client = row.getString("client_event_id");
        return new StoredEvent(
                id,
                client == null ? id.toString() : client,
                client != null,
                row.getString("event_type"),
                row.getString("topic"),
                row.getString("source"),
                row.getString("key"),
                row.getString("payload"),
                row.getString("content_type"),
                row.getInt("partition"),
                row.getLong("offset"),
                row.getString("status"),
                row.getInt("retry_count"),
                row.getString("priority"),
                Timestamps.instant(row, "timestamp"),
                Timestamps.instant(row, "accepted_at"),
                Timestamps.instant(row, "processed_at"),
                row.getString("correlation_id"),
                row.getString("causation_id"),
                row.getString("extensions"),
                row.getBoolean("is_replayable"),
                row.getBoolean("is_encrypted"));
    }
}
