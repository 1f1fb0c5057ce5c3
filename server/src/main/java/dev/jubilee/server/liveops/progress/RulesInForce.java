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
final class RulesInForce {
    private final Occurrences occurrences;
    private RuleIndex index = new RuleIndex(List.of());
    private long revision = -1;
    private @Nullable String state;
    private @Nullable String newest;

    RulesInForce(Occurrences occurrences) {
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

    /**
     * How things stand within a transaction.
     *
     * @param rules stands for all that the rules depend on; differs when any of it differs
     * @param transaction its id, as {@code xmin} of what it writes
     */
    record State(String rules, String transaction) {
        /**
         * Begins a transaction of progress: it has an id from now on, and for the rest of it the
         * planner is kept to one look-up a row in the order given, as a plan made while a table is
         * small is still in use when it is large.
         */
        static State begin(Connection connection) throws SQLException {
            try (PreparedStatement statement =
                            connection.prepareStatement(
                                    """
                                    SELECT count(*) || ' ' || coalesce(sum(hashtextextended(concat_ws('|',
                                               occurrence_id, status, starts_at, ends_at, config_version), 0)), 0),
                                           pg_current_xact_id()::xid,
                                           set_config('enable_hashjoin', 'off', true),
                                           set_config('enable_mergejoin', 'off', true)
                                      FROM liveops.occurrences WHERE status IN ('scheduled', 'active', 'closing')
                                    """);
                    ResultSet row = statement.executeQuery()) {
                row.next();
                return new State(row.getString(1), row.getString(2));
            }
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
