package dev.jubilee.server.liveops.events;

import dev.jubilee.server.database.Timestamps;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Moves occurrences from state to state, and their events with them. Each is a compare-and-set:
 * whatever the number of instances that try, one of them does it, and tells of it in the same
 * transaction. The others are told false.
 */
public final class Transitions {
    private Transitions() {}

    /** The states that may follow one. */
    static Set<Occurrence.Status> next(Occurrence.Status status) {
        return switch (status) {
            case SCHEDULED -> EnumSet.of(Occurrence.Status.ACTIVE, Occurrence.Status.CANCELLED);
            case ACTIVE -> EnumSet.of(Occurrence.Status.CLOSING, Occurrence.Status.CANCELLED);
            case CLOSING -> EnumSet.of(Occurrence.Status.COMPLETED, Occurrence.Status.CANCELLED);
            case COMPLETED, CANCELLED -> EnumSet.noneOf(Occurrence.Status.class);
        };
    }

    /** scheduled → active. */
    static boolean activate(Connection connection, UUID occurrenceId, Instant now)
            throws SQLException {
        OccurrenceRow occurrence =
                move(connection, occurrenceId, Occurrence.Status.ACTIVE, null, now);
        if (occurrence == null) {
            return false;
        }
        moveEvent(connection, occurrence.eventId(), LiveEventStatus.ACTIVE, now);
        LiveEventAnnouncer.tell(connection, "activated", occurrence, occurrence.endsAt(), now);
        return true;
    }

    /**
     * active → closing: from its end on nothing counts any more. What was earned follows an end
     * that is not the planned one, by {@link MovedEnds}.
     */
    static boolean close(Connection connection, UUID occurrenceId, Instant endsAt, Instant now)
            throws SQLException {
        OccurrenceRow occurrence =
                move(connection, occurrenceId, Occurrence.Status.CLOSING, endsAt, now);
        if (occurrence == null) {
            return false;
        }
        LiveEventAnnouncer.tell(connection, "closing", occurrence, endsAt, now);
        return true;
    }

    /**
     * closing → completed, once the ranking is frozen. The event is completed with it, or scheduled
     * again when a further occurrence waits.
     */
    public static boolean complete(Connection connection, UUID occurrenceId, Instant now)
            throws SQLException {
        OccurrenceRow occurrence =
                move(connection, occurrenceId, Occurrence.Status.COMPLETED, null, now);
        if (occurrence == null) {
            return false;
        }
        LiveEventStatus status = statusAfter(connection, occurrence);
        if (status != LiveEventStatus.ACTIVE) {
            moveEvent(connection, occurrence.eventId(), status, now);
        }
        LiveEventAnnouncer.tell(connection, "completed", occurrence, occurrence.endsAt(), now);
        return true;
    }

    /**
     * scheduled, active or closing → cancelled. The event is left to the caller, and so is who
     * takes part, and not to call off what can still be closed.
     *
     * @param endsAt when it ended, if it had no end; what was earned follows it
     */
    static boolean cancel(
            Connection connection, UUID occurrenceId, @Nullable Instant endsAt, Instant now)
            throws SQLException {
        OccurrenceRow occurrence =
                move(connection, occurrenceId, Occurrence.Status.CANCELLED, endsAt, now);
        if (occurrence == null) {
            return false;
        }
        LiveEventAnnouncer.announce(connection, occurrence);
        return true;
    }

    /** The status of an event once this occurrence of it is done. */
    private static LiveEventStatus statusAfter(Connection connection, OccurrenceRow done)
            throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT bool_or(status IN ('active', 'closing')), bool_or(status = 'scheduled')
                          FROM liveops.occurrences WHERE event_id = ? AND occurrence_id <> ?
                        """)) {
            select.setString(1, done.eventId());
            select.setObject(2, done.occurrenceId());
            ResultSet row = select.executeQuery();
            row.next();
            if (row.getBoolean(1)) {
                return LiveEventStatus.ACTIVE;
            }
            return row.getBoolean(2) ? LiveEventStatus.SCHEDULED : LiveEventStatus.COMPLETED;
        }
    }

    private static @Nullable OccurrenceRow move(
            Connection connection,
            UUID occurrenceId,
            Occurrence.Status to,
            @Nullable Instant endsAt,
            Instant now)
            throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        UPDATE liveops.occurrences
                           SET status = ?,
                               end_move = CASE WHEN n.ends IS NULL OR n.ends = ends_at THEN end_move
                                               ELSE gen_random_uuid() END,
                               ends_at = coalesce(n.ends, ends_at),
                               completed_at = CASE WHEN ? = 'completed' THEN ? ELSE completed_at END
                          FROM (SELECT ?::timestamptz AS ends) n
                         WHERE occurrence_id = ? AND status = ANY (?)
                        RETURNING occurrence_id, event_id, number, starts_at, ends_at, status, max_participants
                        """)) {
            update.setString(1, text(to));
            update.setString(2, text(to));
            update.setObject(3, Timestamps.utc(now));
            LiveEventStore.setInstant(update, 4, endsAt);
            update.setObject(5, occurrenceId);
            update.setArray(6, connection.createArrayOf("text", previousTexts(to)));
            ResultSet row = update.executeQuery();
            return row.next() ? OccurrenceWriter.run(row) : null;
        }
    }

    private static void moveEvent(
            Connection connection, String eventId, LiveEventStatus to, Instant now)
            throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        UPDATE liveops.events SET status = ?, updated_at = ?, version = version + 1
                         WHERE event_id = ? AND status = ANY (?)
                        """)) {
            update.setString(1, to.text());
            update.setObject(2, Timestamps.utc(now));
            update.setString(3, eventId);
            update.setArray(4, connection.createArrayOf("text", to.previousTexts()));
            update.executeUpdate();
        }
    }

    private static String[] previousTexts(Occurrence.Status to) {
        return EnumSet.allOf(Occurrence.Status.class).stream()
                .filter(from -> next(from).contains(to))
                .map(Transitions::text)
                .toArray(String[]::new);
    }

    static String text(Occurrence.Status status) {
        return status.name().toLowerCase(Locale.ROOT);
    }
}
