package dev.jubilee.server.liveops.rewards;

import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.outbox.Outbox;
import dev.jubilee.server.outbox.OutboxEvent;
import dev.jubilee.server.security.Principal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Takes back what was earned or claimed. A revoked grant cannot be claimed and is not made again;
 * the claim that it used up of a cap stays used. Thread-safe.
 */
final class Revocations {
    private final Audit audit;
    private final InstantSource clock;

    /** The result of a revocation. */
    sealed interface Result {
        /** It is revoked, by this call or one before. */
        record Revoked(Grant grant) implements Result {}

        /** It stays what it is. */
        record Refused(Grant grant) implements Result {}

        /** There is none of this id. */
        record Unknown() implements Result {}
    }

    Revocations(Audit audit, InstantSource clock) {
        this.audit = audit;
        this.clock = clock;
    }

    /**
     * Revokes a grant in the caller's transaction, and tells of it there; once more does nothing.
     * What has expired or was delivered stays.
     */
    Result revoke(Connection connection, Principal who, UUID grantId, @Nullable String reason)
            throws SQLException {
        Grant grant = lock(connection, grantId);
        if (grant == null) {
            return new Result.Unknown();
        }
        return switch (grant.status()) {
            case REVOKED -> new Result.Revoked(grant);
            case EXPIRED, DELIVERED -> new Result.Refused(grant);
            case EARNED, CLAIMED -> {
                update(connection, grantId);
                tell(connection, who, grant, reason);
                yield new Result.Revoked(grant.revoked());
            }
        };
    }

    private static @Nullable Grant lock(Connection connection, UUID grantId) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT %s FROM liveops.grants g WHERE g.id = ? FOR UPDATE"
                                .formatted(Grant.COLUMNS))) {
            select.setObject(1, grantId);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? new Grant.Reader().read(row) : null;
            }
        }
    }

    private static void update(Connection connection, UUID grantId) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        "UPDATE liveops.grants SET status = 'revoked', expires_at = NULL"
                                + " WHERE id = ?")) {
            update.setObject(1, grantId);
            update.executeUpdate();
        }
    }

    private void tell(Connection connection, Principal who, Grant grant, @Nullable String reason)
            throws SQLException {
        Instant now = clock.instant();
        Map<String, Object> detail = new LinkedHashMap<>();
        detail.put("event_id", grant.eventId());
        detail.put("user_id", grant.userId());
        detail.put("reward_id", grant.rewardId());
        detail.put("was", grant.status().text());
        if (reason != null) {
            detail.put("reason", reason);
        }
        audit.record(connection, who, "grant.revoke", grant.id().toString(), detail);
        Outbox.write(
                connection,
                now,
                Outbox.LIVEOPS_TOPIC,
                List.of(
                        new OutboxEvent(
                                "liveops.reward.revoked",
                                grant.userId(),
                                now,
                                json -> {
                                    grant.describe(json);
                                    json.writeStringProperty("was", grant.status().text());
                                    if (reason != null) {
                                        json.writeStringProperty("reason", reason);
                                    }
                                },
                                null)));
    }
}
