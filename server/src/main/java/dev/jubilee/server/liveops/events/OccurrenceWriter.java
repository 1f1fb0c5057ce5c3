package dev.jubilee.server.liveops.events;

import static dev.jubilee.server.liveops.events.LiveEventStore.setInstant;

import dev.jubilee.events.EventId;
import dev.jubilee.server.database.Timestamps;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Makes and changes occurrences. Every write locks occurrences before it locks their event, which
 * is the order of everybody who writes to both.
 */
final class OccurrenceWriter {
    /** When an occurrence starts that waits for an admin. */
    static final Instant NOT_BY_ITSELF = Instant.parse("9999-12-31T00:00:00Z");

    private final EventId ids;
    private final LiveEventSettings settings;

    OccurrenceWriter(InstantSource clock, LiveEventSettings settings) {
        this.ids = new EventId(clock);
        this.settings = settings;
    }

    /** The occurrences of an event that are not finished, locked, by their number. */
    List<OccurrenceRow> lockUnfinished(Connection connection, String eventId) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT occurrence_id, event_id, number, starts_at, ends_at, status, max_participants
                          FROM liveops.occurrences
                         WHERE event_id = ? AND status IN ('scheduled', 'active', 'closing')
                         ORDER BY occurrence_id FOR UPDATE
                        """)) {
            select.setString(1, eventId);
            ResultSet row = select.executeQuery();
            List<OccurrenceRow> runs = new ArrayList<>();
            while (row.next()) {
                runs.add(run(row));
            }
            return runs;
        }
    }

    /** A new scheduled occurrence with the event's window and its configuration as it is now. */
    OccurrenceRow insert(Connection connection, LiveEvent event) throws SQLException {
        UUID id = ids.next();
        try (PreparedStatement insert =
                connection.prepareStatement(
                        """
                        INSERT INTO liveops.occurrences (occurrence_id, event_id, number, starts_at, ends_at, status,
                               config, config_version, max_participants)
                        SELECT ?, ?, coalesce(max(number), 0) + 1, ?, ?, 'scheduled', ?::jsonb, ?, ?
                          FROM liveops.occurrences WHERE event_id = ?
                        RETURNING occurrence_id, event_id, number, starts_at, ends_at, status, max_participants
                        """)) {
            insert.setObject(1, id);
            insert.setString(2, event.eventId());
            insert.setObject(3, Timestamps.utc(start(event)));
            setInstant(insert, 4, settings.autoEnd() ? event.window().end() : null);
            insert.setString(5, Json.text(event.config().asJson()));
            insert.setInt(6, event.version());
            insert.setInt(7, event.maxParticipants());
            insert.setString(8, event.eventId());
            ResultSet row = insert.executeQuery();
            row.next();
            OccurrenceRow occurrence = run(row);
            writeCounters(connection, occurrence, event);
            return occurrence;
        }
    }

    /**
     * Gives a scheduled occurrence the event's window, configuration and capacity as they are now.
     */
    void follow(Connection connection, OccurrenceRow occurrence, LiveEvent event)
            throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        UPDATE liveops.occurrences
                           SET starts_at = ?, ends_at = ?, config = ?::jsonb, config_version = ?, max_participants = ?
                         WHERE occurrence_id = ?
                        """)) {
            update.setObject(1, Timestamps.utc(start(event)));
            setInstant(update, 2, settings.autoEnd() ? event.window().end() : null);
            update.setString(3, Json.text(event.config().asJson()));
            update.setInt(4, event.version());
            update.setInt(5, event.maxParticipants());
            update.setObject(6, occurrence.occurrenceId());
            update.executeUpdate();
        }
        writeCounters(connection, occurrence, event);
    }

    /**
     * Changes what may change while it runs: a later end, more room. If the end moves, what was
     * earned follows it, by {@link MovedEnds}.
     *
     * @return when it now ends; null when an admin ends it
     */
    @Nullable Instant extend(Connection connection, OccurrenceRow occurrence, LiveEvent event)
            throws SQLException {
        Instant end = settings.autoEnd() ? event.window().end() : occurrence.endsAt();
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        UPDATE liveops.occurrences
                           SET end_move = CASE WHEN ends_at IS DISTINCT FROM n.ends THEN gen_random_uuid() ELSE end_move END,
                               ends_at = n.ends, max_participants = ?
                          FROM (SELECT ?::timestamptz AS ends) n
                         WHERE occurrence_id = ?
                        """)) {
            update.setInt(1, event.maxParticipants());
            setInstant(update, 2, end);
            update.setObject(3, occurrence.occurrenceId());
            update.executeUpdate();
        }
        return end;
    }

    private Instant start(LiveEvent event) {
        return settings.autoStart() ? event.window().start() : NOT_BY_ITSELF;
    }

    private static void writeCounters(
            Connection connection, OccurrenceRow occurrence, LiveEvent event) throws SQLException {
        try (PreparedStatement clear =
                        connection.prepareStatement(
                                "DELETE FROM liveops.occurrence_rewards WHERE occurrence_id = ?");
                PreparedStatement insert =
                        connection.prepareStatement(
                                """
                                INSERT INTO liveops.occurrence_rewards (occurrence_id, event_id, reward_id, max_claims)
                                SELECT ?, ?, reward_id, max_claims
                                  FROM jsonb_to_recordset(?::jsonb) AS given (reward_id text, max_claims integer)
                                """)) {
            clear.setObject(1, occurrence.occurrenceId());
            clear.executeUpdate();
            insert.setObject(1, occurrence.occurrenceId());
            insert.setString(2, event.eventId());
            insert.setString(3, Json.text(event.config().rewards()));
            insert.executeUpdate();
        }
    }

    static OccurrenceRow run(ResultSet row) throws SQLException {
        return new OccurrenceRow(
                row.getObject("occurrence_id", UUID.class),
                row.getString("event_id"),
                row.getInt("number"),
                Timestamps.instant(row, "starts_at"),
                Timestamps.instantOrNull(row, "ends_at"),
                Occurrence.Status.valueOf(row.getString("status").toUpperCase(Locale.ROOT)),
                row.getInt("max_participants"));
    }
}
