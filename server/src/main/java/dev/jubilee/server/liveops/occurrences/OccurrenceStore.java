package dev.jubilee.server.liveops.occurrences;

import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.Timestamps;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.liveops.rules.Rules;
import dev.jubilee.server.liveops.rules.RulesReader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads occurrences. Rules are compiled once for each version of a configuration; an occurrence
 * whose rules cannot be read is as if it were not there, and said once in the log. Thread-safe.
 */
final class OccurrenceStore {
    /** An occurrence, with the version of its configuration. */
    record Stored(Occurrence occurrence, int configVersion) {}

    private static final Logger log = LoggerFactory.getLogger(OccurrenceStore.class);
    private static final String COLUMNS =
            """
            SELECT occurrence_id, event_id, number, starts_at, ends_at, status, max_participants,
                   config, config_version
              FROM liveops.occurrences
            """;

    private final Database database;
    private final RulesReader rules;

    /** The configurations that cannot be read, each tried once. */
    private final Map<UUID, String> unreadable = new ConcurrentHashMap<>();

    OccurrenceStore(Database database, RulesReader rules) {
        this.database = database;
        this.rules = rules;
    }

    /**
     * @param known what is known of it, to spare the compiling
     */
    Optional<Stored> read(UUID occurrenceId, @Nullable Stored known) {
        return database.read(connection -> {
            try (PreparedStatement select =
                    connection.prepareStatement(COLUMNS + " WHERE occurrence_id = ?")) {
                select.setObject(1, occurrenceId);
                ResultSet row = select.executeQuery();
                return row.next() ? Optional.ofNullable(stored(row, known)) : Optional.empty();
            }
        });
    }

    List<Stored> readUnfinished(Map<UUID, Stored> known) {
        return database.read(connection -> unfinished(connection, known));
    }

    private List<Stored> unfinished(Connection connection, Map<UUID, Stored> known)
            throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        COLUMNS + " WHERE status IN ('scheduled', 'active', 'closing')")) {
            ResultSet row = select.executeQuery();
            List<Stored> found = new ArrayList<>();
            while (row.next()) {
                Stored one = stored(row, known.get(row.getObject("occurrence_id", UUID.class)));
                if (one != null) {
                    found.add(one);
                }
            }
            return found;
        }
    }

    Optional<UUID> latestOf(String eventId) {
        return database.read(connection -> {
            try (PreparedStatement select =
                    connection.prepareStatement(
                            """
                            SELECT occurrence_id FROM liveops.occurrences
                             WHERE event_id = ? ORDER BY number DESC LIMIT 1
                            """)) {
                select.setString(1, eventId);
                ResultSet row = select.executeQuery();
                return row.next() ? Optional.of(row.getObject(1, UUID.class)) : Optional.empty();
            }
        });
    }

    /** Null when its rules cannot be read: one that is broken must not keep others from running. */
    private @Nullable Stored stored(ResultSet row, @Nullable Stored known) throws SQLException {
        int version = row.getInt("config_version");
        Rules compiled =
                known != null && known.configVersion() == version
                        ? known.occurrence().rules()
                        : compiled(row);
        if (compiled == null) {
            return null;
        }
        return new Stored(
                new Occurrence(
                        row.getObject("occurrence_id", UUID.class),
                        row.getString("event_id"),
                        row.getInt("number"),
                        Timestamps.instant(row, "starts_at"),
                        Timestamps.instantOrNull(row, "ends_at"),
                        Occurrence.Status.valueOf(row.getString("status").toUpperCase(Locale.ROOT)),
                        row.getInt("max_participants"),
                        compiled),
                version);
    }

    private @Nullable Rules compiled(ResultSet row) throws SQLException {
        UUID id = row.getObject("occurrence_id", UUID.class);
        String config = row.getString("config");
        if (config.equals(unreadable.get(id))) {
            return null;
        }
        try {
            Rules compiled = rules.thaw(Json.tree(config)).rules();
            unreadable.remove(id);
            return compiled;
        } catch (RuntimeException e) {
            unreadable.put(id, config);
            log.error(
                    "occurrence {} of \"{}\" does not run: its configuration cannot be read; its"
                            + " event can still be cancelled",
                    id,
                    row.getString("event_id"),
                    e);
            return null;
        }
    }
}
