package dev.jubilee.server.liveops.rewards;

import dev.jubilee.server.database.Timestamps;
import dev.jubilee.server.json.Json;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;

/**
 * A reward that one player earned.
 *
 * @param expiresAt from when on it can no longer be claimed; null while the occurrence has no end,
 *     and once that has passed or it was revoked
 */
public record Grant(
        UUID id,
        UUID occurrenceId,
        String eventId,
        String userId,
        String rewardId,
        int sequence,
        Status status,
        String rewardType,
        JsonNode rewardValue,
        Instant earnedAt,
        @Nullable Instant claimedAt,
        @Nullable Instant expiresAt) {
    /** earned → claimed → delivered, or expired, or revoked. */
    public enum Status {
        EARNED,
        CLAIMED,
        DELIVERED,
        EXPIRED,
        REVOKED;

        /** As it stands in the database and in answers. */
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** The columns that {@link Reader} reads. */
    static final String COLUMNS =
            "g.id, g.occurrence_id, g.event_id, g.user_id, g.reward_id, g.sequence, g.status,"
                    + " g.reward_type, g.reward_value, g.earned_at, g.claimed_at, g.expires_at";

    /**
     * Reads grants of one result. Those of a reward have the same value: it is taken apart once.
     * For one thread.
     */
    static final class Reader {
        private final Map<String, JsonNode> values = new HashMap<>();

        /** The grant in the row that the result stands at. */
        Grant read(ResultSet row) throws SQLException {
            return new Grant(
                    row.getObject("id", UUID.class),
                    row.getObject("occurrence_id", UUID.class),
                    row.getString("event_id"),
                    row.getString("user_id"),
                    row.getString("reward_id"),
                    row.getInt("sequence"),
                    Status.valueOf(row.getString("status").toUpperCase(Locale.ROOT)),
                    row.getString("reward_type"),
                    values.computeIfAbsent(row.getString("reward_value"), Json::tree),
                    Timestamps.instant(row, "earned_at"),
                    Timestamps.instantOrNull(row, "claimed_at"),
                    Timestamps.instantOrNull(row, "expires_at"));
        }
    }

    /** The same, claimed. */
    Grant claimed(Instant at) {
        return as(Status.CLAIMED, at, expiresAt);
    }

    /** The same, taken back; it expires no more. */
    Grant revoked() {
        return as(Status.REVOKED, claimedAt, null);
    }

    private Grant as(Status other, @Nullable Instant claimed, @Nullable Instant expires) {
        return new Grant(
                id,
                occurrenceId,
                eventId,
                userId,
                rewardId,
                sequence,
                other,
                rewardType,
                rewardValue,
                earnedAt,
                claimed,
                expires);
    }

    /** Whether it can be claimed then, as far as the player is concerned. */
    boolean claimableAt(Instant time) {
        return status == Status.EARNED && (expiresAt == null || time.isBefore(expiresAt));
    }

    /** Writes what events tell of it, as properties of an object that is begun. */
    void describe(JsonGenerator json) {
        describe(
                json,
                eventId,
                occurrenceId,
                userId,
                rewardId,
                sequence,
                rewardType,
                rewardValue,
                id);
    }

    static void describe(
            JsonGenerator json,
            String eventId,
            UUID occurrenceId,
            String userId,
            String rewardId,
            int sequence,
            String rewardType,
            JsonNode rewardValue,
            UUID grantId) {
        json.writeStringProperty("event_id", eventId);
        json.writeStringProperty("occurrence_id", occurrenceId.toString());
        json.writeStringProperty("user_id", userId);
        json.writeStringProperty("reward_id", rewardId);
        json.writeStringProperty("reward_type", rewardType);
        json.writeName("reward_value");
        json.writeTree(rewardValue);
        json.writeStringProperty("grant_id", grantId.toString());
        json.writeNumberProperty("sequence", sequence);
    }
}
