package dev.jubilee.server.liveops.progress;

import dev.jubilee.events.postgres.SqlArray;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * Which events have counted for which occurrences. Only for ids that clients made, because those
 * can come twice. An id that the bus made is in Kafka once, and is read once, as the consumer's
 * position moves in the transaction of the effect.
 */
final class Ledger {
    private Ledger() {}

    /** Enters the events, and returns those that were not there before. */
    static Set<Candidate.Counted> enter(Connection connection, Collection<Candidate.Counted> events)
            throws SQLException {
        if (events.isEmpty()) {
            return Set.of();
        }
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        INSERT INTO liveops.progress_ledger (occurrence_id, event_id)
                        SELECT * FROM unnest(?, ?) ORDER BY 1, 2
                            ON CONFLICT DO NOTHING
                        RETURNING occurrence_id, event_id
                        """)) {
            List<UUID> occurrences = events.stream().map(Candidate.Counted::occurrenceId).toList();
            String[] ids = events.stream().map(Candidate.Counted::eventId).toArray(String[]::new);
            statement.setObject(1, SqlArray.uuids(occurrences));
            statement.setArray(2, connection.createArrayOf("varchar", ids));
            Set<Candidate.Counted> entered = HashSet.newHashSet(events.size());
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    entered.add(
                            new Candidate.Counted(row.getObject(1, UUID.class), row.getString(2)));
                }
            }
            return entered;
        }
    }
}
