package dev.jubilee.server.bus.search;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.database.Database;
import dev.jubilee.server.testing.Platform;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class EventPageTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final int EACH = 900_000;
    private static final Span DAY =
            Span.of(Instant.parse("2026-11-10T00:00:00Z"), Instant.parse("2026-11-11T00:00:00Z"));

    /** Offsets 0 to 5, a second apart; half of each is payload, half extensions. */
    @BeforeAll
    static void store() throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    """
                    CREATE TABLE bus.events_20261110 PARTITION OF bus.events
                        FOR VALUES FROM ('2026-11-10 00:00:00+00') TO ('2026-11-11 00:00:00+00');
                    INSERT INTO bus.events (id, event_type, topic, source, partition, "offset", payload, extensions,
                        timestamp, accepted_at, processed_at)
                    SELECT uuidv7(at - clock_timestamp()), 'game.kill', 't', 's', 0, i, repeat('x', %1$d / 2),
                        repeat('y', %1$d / 2), at, at, at
                    FROM (SELECT i, timestamptz '2026-11-10 12:00:00+00' + i * interval '1 second' AS at
                          FROM generate_series(0, 5) i) x
                    """
                            .formatted(EACH));
        }
    }

    @Test
    void itIsCutByBytesAndByNumber() throws SQLException {
        assertThat(offsets(10, Long.MAX_VALUE, EventPage.Order.OLDEST_FIRST))
                .containsExactly(0L, 1L, 2L, 3L, 4L, 5L);
        assertThat(offsets(10, 2 * EACH, EventPage.Order.OLDEST_FIRST)).containsExactly(0L, 1L);
        assertThat(offsets(10, 2 * EACH + 1, EventPage.Order.LATEST_FIRST))
                .containsExactly(5L, 4L, 3L);
        assertThat(offsets(1, 2 * EACH, EventPage.Order.LATEST_FIRST)).containsExactly(5L);
        assertThat(offsets(10, 1, EventPage.Order.OLDEST_FIRST)).containsExactly(0L);
    }

    @Test
    void whatWasReadBeforeCounts() throws SQLException {
        EventPage page = new EventPage(10, 2 * EACH, EventPage.Order.OLDEST_FIRST);
        assertThat(read(page, "e.\"offset\" = 1")).containsExactly(1L);
        assertThat(page.isFull()).isFalse();
        assertThat(read(page, "e.\"offset\" > 1")).containsExactly(2L);
        assertThat(page.isFull()).isTrue();
        assertThat(read(page, "e.\"offset\" > 2")).isEmpty();
        assertThat(page.events()).extracting(StoredEvent::offset).containsExactly(1L, 2L);
    }

    @Test
    void aSearchForLargeEventsGoesOnWhereItWasCut() {
        EventSearch search =
                new EventSearch(new Database(platform.dataSource()), new SimpleMeterRegistry());

        EventSearch.Found first = search.find(DAY, new EventConditions(), 10, true);
        assertThat(first.events())
                .extracting(StoredEvent::offset)
                .containsExactly(5L, 4L, 3L, 2L, 1L);
        UUID next = Objects.requireNonNull(first.next());
        EventSearch.Found second =
                search.find(new Span(DAY.from(), next), new EventConditions(), 10, true);

        assertThat(second.events()).extracting(StoredEvent::offset).containsExactly(0L);
        assertThat(second.next()).isNull();
    }

    private static List<Long> offsets(int limit, long bytes, EventPage.Order order)
            throws SQLException {
        return read(new EventPage(limit, bytes, order), "true");
    }

    private static List<Long> read(EventPage page, String condition) throws SQLException {
        try (Connection connection = platform.connection()) {
            return page.read(connection, condition, statement -> 1).stream()
                    .map(StoredEvent::offset)
                    .toList();
        }
    }
}
