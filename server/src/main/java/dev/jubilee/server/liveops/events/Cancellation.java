package dev.jubilee.server.liveops.events;

import dev.jubilee.server.database.Database;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls an occurrence off: whoever has not completed it is no longer in, and holds no place. What
 * was completed, and what was granted, stays; grants can be claimed until they expire as they would
 * have, or, without a planned end, as if the occurrence had ended now.
 *
 * <p>From the commit on nobody joins and nothing counts. Where more take part than one transaction
 * takes out, the others follow in further ones; until then the row says so, and any instance goes
 * on with it. Thread-safe.
 */
final class Cancellation {
    private static final Logger log = LoggerFactory.getLogger(Cancellation.class);

    private final int atATime;

    /**
     * @param atATime participations that are written in one transaction
     */
    Cancellation(int atATime) {
        this.atATime = atATime;
    }

    /** The caller holds the locks on the occurrence and on its event. */
    void of(Connection connection, OccurrenceRow occurrence, Instant now) throws SQLException {
        boolean openEnded =
                occurrence.endsAt() == null && occurrence.status() == Occurrence.Status.ACTIVE;
        Transitions.cancel(connection, occurrence.occurrenceId(), openEnded ? now : null, now);
        if (new ParticipantRemoval(occurrence.occurrenceId(), atATime).next(connection)) {
            note(connection, occurrence.occurrenceId(), true);
        }
    }

    /**
     * Takes out who is still in where something was called off. One that fails is logged, and holds
     * up no other.
     *
     * @return in how many occurrences nobody is left by this call
     */
    int follow(Database database) {
        int done = 0;
        for (UUID one : database.read(Cancellation::unfinished)) {
            try {
                done += follow(database, one) ? 1 : 0;
            } catch (RuntimeException e) {
                log.warn(
                        "not all who took part in occurrence {}, which was called off, are out yet,"
                                + " trying again: {}",
                        one,
                        e.toString());
            }
        }
        return done;
    }

    /** What a part came to. */
    private enum Step {
        DONE,
        MORE,
        /** Another instance is at it, or has finished it. */
        NOT_OURS
    }

    private boolean follow(Database database, UUID occurrenceId) {
        ParticipantRemoval removal = new ParticipantRemoval(occurrenceId, atATime);
        Step step = Step.MORE;
        while (step == Step.MORE && !Thread.currentThread().isInterrupted()) {
            step = database.transaction(connection -> step(connection, occurrenceId, removal));
        }
        return step == Step.DONE;
    }

    private static Step step(Connection connection, UUID occurrenceId, ParticipantRemoval removal)
            throws SQLException {
        if (!lock(connection, occurrenceId)) {
            return Step.NOT_OURS;
        }
        if (removal.next(connection)) {
            return Step.MORE;
        }
        note(connection, occurrenceId, false);
        return Step.DONE;
    }

    private static boolean lock(Connection connection, UUID occurrenceId) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT 1 FROM liveops.occurrences WHERE occurrence_id = ? AND cancelling
                           FOR NO KEY UPDATE SKIP LOCKED
                        """)) {
            select.setObject(1, occurrenceId);
            return select.executeQuery().next();
        }
    }

    private static List<UUID> unfinished(Connection connection) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT occurrence_id FROM liveops.occurrences WHERE cancelling")) {
            ResultSet row = select.executeQuery();
            List<UUID> found = new ArrayList<>();
            while (row.next()) {
                found.add(row.getObject(1, UUID.class));
            }
            return found;
        }
    }

    private static void note(Connection connection, UUID occurrenceId, boolean cancelling)
            throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        "UPDATE liveops.occurrences SET cancelling = ? WHERE occurrence_id = ?")) {
            update.setBoolean(1, cancelling);
            update.setObject(2, occurrenceId);
            update.executeUpdate();
        }
    }
}
