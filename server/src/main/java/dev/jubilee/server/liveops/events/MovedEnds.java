package dev.jubilee.server.liveops.events;

import dev.jubilee.server.database.Database;
import dev.jubilee.server.liveops.rewards.Expiries;
import dev.jubilee.server.liveops.rewards.Grants;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets what was earned expire by the ends as they now are, some grants a transaction, once it is
 * committed that they moved. The row of the occurrence says that it is to be done until it is: any
 * instance goes on with it. Thread-safe.
 */
final class MovedEnds {
    private static final Logger log = LoggerFactory.getLogger(MovedEnds.class);

    private final Database database;
    private final Grants grants;
    private final int atATime;

    /**
     * @param atATime grants that are written in one transaction
     */
    MovedEnds(Database database, Grants grants, int atATime) {
        this.database = database;
        this.grants = grants;
        this.atATime = atATime;
    }

    /** An occurrence whose end was moved, the last time by this move. */
    private record Moved(UUID occurrenceId, String eventId, UUID move) {}

    /** What a part came to. */
    private enum Step {
        DONE,
        MORE,
        /** Somebody else is at it, or has moved the end again. */
        NOT_OURS
    }

    /**
     * Follows every end that has moved. One that fails is logged, and holds up no other.
     *
     * @return how many were followed to their end by this call
     */
    int follow() {
        int done = 0;
        for (Moved one : database.read(MovedEnds::unfinished)) {
            try {
                done += follow(one) ? 1 : 0;
            } catch (RuntimeException e) {
                log.warn(
                        "what was earned in {} does not follow its new end yet, trying again: {}",
                        one.eventId(),
                        e.toString());
            }
        }
        return done;
    }

    private boolean follow(Moved one) {
        Expiries expiries = grants.byEnd(one.occurrenceId(), atATime);
        Step step = Step.MORE;
        while (step == Step.MORE && !Thread.currentThread().isInterrupted()) {
            step = database.transaction(connection -> step(connection, one, expiries));
        }
        // In a transaction of its own: who holds grants does not wait for an occurrence.
        return step == Step.DONE && database.transaction(connection -> isFollowed(connection, one));
    }

    /**
     * Under the lock of all who move the end, and not under that of the row, for which whoever
     * joins would wait.
     */
    private static Step step(Connection connection, Moved one, Expiries expiries)
            throws SQLException {
        if (!LiveEventStore.trySerialize(connection, one.eventId()) || !isStill(connection, one)) {
            return Step.NOT_OURS;
        }
        return expiries.next(connection) ? Step.MORE : Step.DONE;
    }

    private static boolean isStill(Connection connection, Moved one) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT 1 FROM liveops.occurrences
                         WHERE occurrence_id = ? AND end_move = ? AND NOT cancelling
                        """)) {
            select.setObject(1, one.occurrenceId());
            select.setObject(2, one.move());
            return select.executeQuery().next();
        }
    }

    /** Notes that nothing is left to do, unless the end has moved again. */
    private static boolean isFollowed(Connection connection, Moved one) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        UPDATE liveops.occurrences SET end_move = NULL
                         WHERE occurrence_id = ? AND end_move = ?
                        """)) {
            update.setObject(1, one.occurrenceId());
            update.setObject(2, one.move());
            return update.executeUpdate() == 1;
        }
    }

    /**
     * Not those that are being called off: whoever still takes part there may be earning something
     * in a transaction that has not seen the end.
     */
    private static List<Moved> unfinished(Connection connection) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT occurrence_id, event_id, end_move FROM liveops.occurrences
                         WHERE end_move IS NOT NULL AND NOT cancelling
                        """)) {
            ResultSet row = select.executeQuery();
            List<Moved> found = new ArrayList<>();
            while (row.next()) {
                found.add(
                        new Moved(
                                row.getObject(1, UUID.class),
                                row.getString(2),
                                row.getObject(3, UUID.class)));
            }
            return found;
        }
    }
}
