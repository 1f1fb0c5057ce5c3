package dev.jubilee.server.bus.search;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.TopicPattern;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.Statement;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class SearchPlanTest {
    @RegisterExtension static final Platform platform = new Platform();

    @Test
    void whatTheTimeRangeExcludesIsNotLookedAt() throws Exception {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            for (int day = 10; day < 13; day++) {
                statement.execute(
                        """
                        CREATE TABLE bus.events_202611%1$s PARTITION OF bus.events
                            FOR VALUES FROM ('2026-11-%1$s 00:00:00+00') TO ('2026-11-%2$s 00:00:00+00')
                        """
                                .formatted(day, day + 1));
                statement.execute("ALTER TABLE bus.events_202611" + day + " ADD PRIMARY KEY (id)");
            }
            statement.execute(
                    """
                    INSERT INTO bus.events (id, event_type, topic, source, partition, "offset", timestamp, accepted_at,
                        processed_at)
                    SELECT uuidv7(at - clock_timestamp()), 'game.kill', 'game.events', 's', 0, i, at, at, at
                      FROM (SELECT i, timestamptz '2026-11-11 00:00:00+00' + i * interval '1 second' AS at
                              FROM generate_series(0, 86399) i) x
                    """);
            statement.execute("ANALYZE bus.events");
        }
        Span hour =
                Span.of(
                        Instant.parse("2026-11-11T10:00:00Z"),
                        Instant.parse("2026-11-11T11:00:00Z"));
        String plan = plan(hour, new EventConditions().equal("key", "nobody"));

        assertThat(plan).contains("events_20261111_pkey").doesNotContain("events_20261110");
        assertThat(plan).doesNotContain("events_20261112").doesNotContain("Seq Scan");
        // An hour's rows are looked at, not a day's.
        assertThat(plan).contains("Rows Removed by Filter: 3600");
        assertThat(plan(hour, new EventConditions().equal("correlation_id", "c-1")))
                .contains("correlation_id_idx");
    }

    @Test
    void aPatternMeansTheSameToPostgres() throws Exception {
        List<String> names =
                List.of("game", "game.kill", "game.match.end", "match.end", "a.b.c.d", "end");
        List<String> patterns =
                List.of(
                        "#",
                        "game.*",
                        "game.*.end",
                        "#.end",
                        "game.#",
                        "a.#.d",
                        "*",
                        "a.*.#",
                        "*.b.*");
        try (Connection connection = platform.connection();
                PreparedStatement statement = connection.prepareStatement("SELECT ? ~ ?")) {
            for (String pattern : patterns) {
                for (String name : names) {
                    statement.setString(1, name);
                    statement.setString(2, NamePattern.regex(pattern));
                    try (var row = statement.executeQuery()) {
                        row.next();
                        assertThat(row.getBoolean(1))
                                .as("%s on %s", pattern, name)
                                .isEqualTo(TopicPattern.of(pattern).matches(name));
                    }
                }
            }
        }
    }

    private static String plan(Span span, EventConditions where) throws Exception {
        try (Connection connection = platform.connection();
                PreparedStatement statement =
                        connection.prepareStatement(
                                "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, BUFFERS OFF) SELECT "
                                        + StoredEvent.COLUMNS
                                        + " FROM bus.events e WHERE"
                                        + Span.SQL
                                        + where.sql()
                                        + " ORDER BY e.id DESC LIMIT 50")) {
            where.bind(statement, span.bind(statement, 1));
            StringBuilder plan = new StringBuilder();
            try (var row = statement.executeQuery()) {
                while (row.next()) {
                    plan.append(row.getString(1)).append('\n');
                }
            }
            return plan.toString();
        }
    }
}
