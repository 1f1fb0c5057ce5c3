package dev.jubilee.server.bus.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.search.Span;
import dev.jubilee.server.bus.search.StoredEvent;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class StoredRangeTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Instant NOON = Instant.parse("2026-11-10T12:00:00Z");

    @Test
    void largeEventsAreReadFewAtATimeAndEachOnce() throws SQLException {
        store();
        StoredRange range = new StoredRange(new Database(platform.dataSource()), replay(NOON));

        List<List<Long>> parts = new ArrayList<>();
        UUID next = Span.floor(NOON);
        while (next != null) {
            StoredRange.Part<List<StoredEvent>> part = range.from(next, 100);
            parts.add(part.found().stream().map(StoredEvent::offset).toList());
            next = part.next();
        }

        // 4 MiB each, of events of 1 MB.
        assertThat(parts)
                .containsExactly(
                        List.of(0L, 1L, 2L, 3L, 4L),
                        List.of(5L, 6L, 7L, 8L, 9L),
                        List.of(10L, 11L));
    }

    @Test
    void noOtherDayIsLookedAt() throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            for (int day = 12; day <= 13; day++) {
                statement.execute(
                        """
                        CREATE TABLE bus.events_202611%1$s PARTITION OF bus.events
                            FOR VALUES FROM ('2026-11-%1$s 00:00:00+00') TO ('2026-11-%2$s 00:00:00+00')
                        """
                                .formatted(day, day + 1));
            }
            StoredRange range =
                    new StoredRange(
                            new Database(platform.dataSource()),
                            replay(Instant.parse("2026-11-12T12:00:00Z")));
            connection.setAutoCommit(false);
            statement.execute("LOCK TABLE bus.events_20261113 IN ACCESS EXCLUSIVE MODE");

            assertThat(range.count(Span.floor(Instant.parse("2026-11-12T12:00:00Z"))).next())
                    .as("it is at the end, and waited for nobody")
                    .isNull();
        }
    }

    /** Two in each second, so that parts are cut inside of a slice and at slices. */
    private static void store() throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    """
                    CREATE TABLE bus.events_20261110 PARTITION OF bus.events
                        FOR VALUES FROM ('2026-11-10 00:00:00+00') TO ('2026-11-11 00:00:00+00');
                    INSERT INTO bus.events (id, event_type, topic, source, partition, "offset", payload, timestamp,
                        accepted_at, processed_at)
                    SELECT uuidv7(at - clock_timestamp()), 'game.kill', 't', 's', 0, i, repeat('x', 1000000), at, at, at
                    FROM (SELECT i, timestamptz '2026-11-10 12:00:00.1+00' + i * interval '0.5 second' AS at
                          FROM generate_series(0, 11) i) x
                    """);
        }
    }

    private static Replay replay(Instant start) {
        return new Replay(
                UUID.randomUUID(),
                Replay.Status.RUNNING,
                "t",
                List.of(),
                start,
                start.plusSeconds(60),
                "{}",
                Replay.Kind.FILE,
                null,
                null,
                null,
                0,
                0,
                Replay.Source.STORE,
                Span.floor(start),
                null,
                null,
                "somebody",
                NOON,
                null,
                null);
    }
}
