package dev.jubilee.events.postgres.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * Appends chains to their streams, in one round trip.
 *
 * <p>First each stream's row is made or locked, in the order of their names, and moved on if its
 * version is what is expected. Only then, last of all, the log's row gives the positions, and keeps
 * everyone else from taking any until the commit. So positions are in order of commits: whoever can
 * read one can read all before it. A chain that loses takes no position.
 */
final class AppendStatement {
    /** What came of a chain. */
    sealed interface Outcome {
        /** Appended; its first event has this position. */
        record Won(long firstPosition) implements Outcome {}

        /** Not appended, because the stream was at this version. */
        record Lost(long actualVersion, boolean deleted) implements Outcome {}

        /** Another made the stream at this very moment; ask again. */
        record Overtaken() implements Outcome {}
    }

    private final String sql;

    AppendStatement(String schema) {
        // One round trip from begin to commit. The statement is prepared once, often while the
        // tables are still small: without the settings PostgreSQL would plan to read all of them,
        // and keep to it as they grow, or plan anew each time, which takes as long as to execute.
        this.sql =
                """
                BEGIN;
                SET LOCAL enable_seqscan = off;
                SET LOCAL plan_cache_mode = force_generic_plan;
                WITH wanted AS MATERIALIZED (
                    SELECT * FROM unnest(?::int4[], ?::text[], ?::int8[], ?::int8[])
                        AS w (chain, stream, expected, size)
                ), created AS (
                    INSERT INTO %1$s.streams (stream, version)
                    SELECT stream, size FROM wanted WHERE expected = 0 ORDER BY stream COLLATE "C"
                    ON CONFLICT DO NOTHING
                    RETURNING stream
                ), locked AS MATERIALIZED (
                    SELECT s.stream, s.version, s.deleted
                    FROM %1$s.streams s JOIN wanted w ON s.stream = w.stream
                    WHERE (SELECT count(*) FROM created) >= 0
                    ORDER BY s.stream
                    FOR UPDATE OF s
                ), moved AS (
                    UPDATE %1$s.streams s SET version = w.expected + w.size
                    FROM locked l JOIN wanted w ON w.stream = l.stream
                    WHERE s.stream = l.stream AND l.version = w.expected AND NOT l.deleted
                    RETURNING s.stream
                ), won AS MATERIALIZED (
                    SELECT w.chain, w.stream, w.size
                    FROM wanted w
                        JOIN (SELECT stream FROM created UNION ALL SELECT stream FROM moved) m
                        ON m.stream = w.stream
                ), counted AS (
                    UPDATE %1$s.log l SET last_position = l.last_position + n.total
                    FROM (SELECT sum(size)::int8 AS total FROM won) n
                    WHERE n.total IS NOT NULL
                    RETURNING l.last_position - n.total AS last_before
                ), written AS (
                    INSERT INTO %1$s.events (position, stream, version, id, type, source, time_ns,
                        subject, correlation_id, causation_id, attributes, data)
                    SELECT c.last_before + row_number() OVER (ORDER BY e.ordinal), w.stream,
                        e.version, e.id, e.type, e.source, e.time_ns, e.subject, e.correlation_id,
                        e.causation_id, e.attributes, e.data
                    FROM counted c,
                        unnest(?::int4[], ?::int8[], ?::text[], ?::text[], ?::text[], ?::int8[],
                            ?::text[], ?::text[], ?::text[], ?::text[], ?::bytea[])
                        WITH ORDINALITY AS e (chain, version, id, type, source, time_ns, subject,
                            correlation_id, causation_id, attributes, data, ordinal)
                        JOIN won w ON w.chain = e.chain
                )
                SELECT w.chain, won.chain IS NOT NULL, l.stream IS NOT NULL, l.version, l.deleted,
                    c.last_before
                FROM wanted w
                    LEFT JOIN won ON won.chain = w.chain
                    LEFT JOIN locked l ON l.stream = w.stream
                    LEFT JOIN counted c ON true
                ORDER BY w.chain;
                COMMIT\
                """
                        .formatted(schema);
    }

    /** The outcome of each chain, in their order. */
    List<Outcome> execute(Connection connection, List<Chain> chains, List<Append> appends)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            bind(statement, chains, appends);
            boolean found = statement.execute();
            while (!found) { // past what has no rows
                found = statement.getMoreResults();
            }
            try (ResultSet rows = statement.getResultSet()) {
                return outcomes(rows, chains);
            }
        } catch (SQLException e) {
            rollback(connection, e);
            throw e;
        }
    }

    /** The driver has not begun the transaction, so it would not end it either. */
    private static void rollback(Connection connection, SQLException cause) {
        try (Statement statement = connection.createStatement()) {
            statement.execute("ROLLBACK");
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }

    private static void bind(PreparedStatement statement, List<Chain> chains, List<Append> appends)
            throws SQLException {
        int[] numbers = new int[chains.size()];
        String[] streams = new String[chains.size()];
        long[] expected = new long[chains.size()];
        long[] sizes = new long[chains.size()];
        int events = 0;
        for (int i = 0; i < chains.size(); i++) {
            Chain chain = chains.get(i);
            numbers[i] = i;
            streams[i] = chain.stream;
            expected[i] = chain.expectedVersion;
            sizes[i] = chain.size();
            events += chain.size();
        }
        EventColumns columns = new EventColumns(events);
        for (int i = 0; i < chains.size(); i++) {
            for (int index : chains.get(i).appends) {
                columns.add(i, appends.get(index));
            }
        }
        statement.setObject(1, numbers);
        statement.setObject(2, streams);
        statement.setObject(3, expected);
        statement.setObject(4, sizes);
        columns.bind(statement, 5);
    }

    private static List<Outcome> outcomes(ResultSet rows, List<Chain> chains) throws SQLException {
        List<Outcome> outcomes = new ArrayList<>(chains.size());
        long position = -1;
        for (Chain chain : chains) {
            if (!rows.next()) {
                throw new IllegalStateException("an append of " + chain.stream + " has no outcome");
            }
            boolean won = rows.getBoolean(2);
            boolean found = rows.getBoolean(3);
            if (won) {
                position = position < 0 ? rows.getLong(6) + 1 : position;
                outcomes.add(new Outcome.Won(position));
                position += chain.size();
            } else if (found) {
                outcomes.add(new Outcome.Lost(rows.getLong(4), rows.getBoolean(5)));
            } else if (chain.expectedVersion > 0) {
                outcomes.add(new Outcome.Lost(0, false));
            } else {
                outcomes.add(new Outcome.Overtaken());
            }
        }
        return outcomes;
    }
}
