package dev.jubilee.server.liveops.progress;

import dev.jubilee.server.liveops.occurrences.Occurrences;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The rules in force, as the database has them at the moment of a transaction: the directory in
 * memory follows changes within milliseconds, but an event must not be passed over because its
 * occurrence was made elsewhere a millisecond ago. For one thread.
 */
final class Directory {
    private final Occurrences occurrences;
    private RuleIndex index = new RuleIndex(List.of());
    private long revision = -1;
    private @Nullable String state;
    private @Nullable String newest;

    Directory(Occurrences occurrences) {
        this.occurrences = occurrences;
    }

    /** The rules as far as they are known here. */
    RuleIndex index() {
        long now = occurrences.revision();
        if (now != revision) {
            index = new RuleIndex(occurrences.open());
            revision = now;
        }
        return index;
    }

    /** What stands for all that the rules depend on; differs when any of it differs. */
    static String state(Connection connection) throws SQLException {
        try (PreparedStatement statement =
                        connection.prepareStatement(
                                """
                                SELECT count(*) || ' ' || coalesce(sum(hashtextextended(concat_ws('|',
                                           occurrence_id, status, starts_at, ends_at, config_version), 0)), 0)
                                  FROM liveops.occurrences WHERE status IN ('scheduled', 'active', 'closing')
                                """);
                ResultSet row = statement.executeQuery()) {
            row.next();
            return row.getString(1);
        }
    }

    /** Whether {@link #index} was made of this state. */
    boolean isAsOf(String current) {
        newest = current;
        return current.equals(state);
    }

    /** Takes over what the database has, which is the state last asked about or a later one. */
    void refresh() {
        occurrences.refreshAll();
        state = newest;
    }
}
