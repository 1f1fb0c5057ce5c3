package dev.jubilee.server.liveops.progress;

import dev.jubilee.server.database.Database;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * The effects of bus events on live events, for the trace of an event. Events whose ids clients
 * made stand in the ledger one by one; of the others it is known that progress has passed them.
 * Blocks. Thread-safe.
 */
public final class EventEffects {
    /**
     * An event counted in an occurrence.
     *
     * @param liveEventId of the live event
     */
    public record Counted(String busEventId, UUID occurrenceId, String liveEventId) {}

    private final Database database;
    private final String group;
    private final InstantSource clock;
    private final Duration retention;

    /**
     * @param group under which progress consumes
     * @param retention how long after the end of an occurrence its events are known
     */
    public EventEffects(Database database, String group, InstantSource clock, Duration retention) {
        this.database = database;
        this.group = group;
        this.clock = clock;
        this.retention = retention;
    }

    /** Where the events counted, as far as the ledger knows. */
    public List<Counted> counted(Collection<String> busEventIds) {
        return database.read(connection -> {
            // The ledger's key begins with the occurrence, and those that it knows are few.
            try (PreparedStatement statement =
                    connection.prepareStatement(
                            """
                            SELECT l.event_id, o.occurrence_id, o.event_id
                              FROM liveops.occurrences o JOIN liveops.events e ON e.event_id = o.event_id
                              JOIN liveops.progress_ledger l ON l.occurrence_id = o.occurrence_id
                             WHERE NOT %s AND l.event_id = ANY (?)
                             ORDER BY o.occurrence_id
                            """
                                    .formatted(LedgerPurge.WAS_OVER))) {
                statement.setString(1, clock.instant().minus(retention).toString());
                statement.setArray(2, connection.createArrayOf("varchar", busEventIds.toArray()));
                try (ResultSet row = statement.executeQuery()) {
                    List<Counted> counted = new ArrayList<>();
                    while (row.next()) {
                        counted.add(
                                new Counted(
                                        row.getString(1),
                                        row.getObject(2, UUID.class),
                                        row.getString(3)));
                    }
                    return counted;
                }
            }
        });
    }

    /** How far progress has come, by topic and partition: the next offset it will read. */
    public Map<String, Map<Integer, Long>> passed() {
        return database.read(this::passed);
    }

    private Map<String, Map<Integer, Long>> passed(Connection connection) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        SELECT topic, partition, max(next_offset) FROM platform.consumer_offsets
                         WHERE consumer_group = ? GROUP BY topic, partition
                        """)) {
            statement.setString(1, group);
            try (ResultSet row = statement.executeQuery()) {
                Map<String, Map<Integer, Long>> passed = new java.util.HashMap<>();
                while (row.next()) {
                    passed.computeIfAbsent(row.getString(1), topic -> new java.util.HashMap<>())
                            .put(row.getInt(2), row.getLong(3));
                }
                return passed;
            }
        }
    }
}
