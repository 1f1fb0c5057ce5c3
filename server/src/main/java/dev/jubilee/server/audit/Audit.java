package dev.jubilee.server.audit;

import dev.jubilee.server.database.Timestamps;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.security.Principal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.InstantSource;

/**
 * Who did what to what, and when. Written in the transaction of the act, so that neither is there
 * without the other; the table itself refuses changes. Thread-safe.
 */
public final class Audit {
    private final InstantSource clock;

    public Audit(InstantSource clock) {
        this.clock = clock;
    }

    /**
     * Records an act.
     *
     * @param action what was done, as {@code event.create}
     * @param target what it was done to: an id
     * @param detail a record or map that becomes a JSON object; never a secret
     */
    public void record(
            Connection connection, Principal who, String action, String target, Object detail)
            throws SQLException {
        String sql =
                """
                INSERT INTO platform.audit_log (at, principal, role, action, target, detail)
                VALUES (?, ?, ?, ?, ?, ?::jsonb)
                """;
        try (PreparedStatement insert = connection.prepareStatement(sql)) {
            insert.setObject(1, Timestamps.utc(clock.instant()));
            insert.setString(2, who.id());
            insert.setString(3, who.role().text());
            insert.setString(4, action);
            insert.setString(5, target);
            insert.setString(6, Json.text(detail));
            insert.executeUpdate();
        }
    }
}
