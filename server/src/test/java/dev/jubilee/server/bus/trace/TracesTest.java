package dev.jubilee.server.bus.trace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.search.StoredEvent;
import dev.jubilee.server.bus.search.StoredEvents;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class TracesTest {
    @RegisterExtension static final Platform platform = new Platform();

    /**
     * Each of 500 kB: c9 goes back to c0 step by step, e0 led to all others, k0 to k9 correlate.
     */
    @BeforeAll
    static void store() throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    """
                    CREATE TABLE bus.events_20261110 PARTITION OF bus.events
                        FOR VALUES FROM ('2026-11-10 00:00:00+00') TO ('2026-11-11 00:00:00+00');
                    INSERT INTO bus.events (id, client_event_id, event_type, topic, source, partition, "offset", payload,
                        timestamp, accepted_at, processed_at, causation_id, correlation_id)
                    SELECT uuidv7(at - clock_timestamp()), kind || i, 'game.kill', 't', 's', 0, i, repeat('x', 500000),
                        at, at, at,
                        CASE WHEN i = 0 THEN NULL WHEN kind = 'c' THEN 'c' || i - 1 WHEN kind = 'e' THEN 'e0' END,
                        CASE WHEN kind = 'k' THEN 'k' END
                    FROM (SELECT i, kind, timestamptz '2026-11-10 12:00:00+00' + i * interval '1 second' AS at
                          FROM generate_series(0, 9) i, unnest(ARRAY['c', 'e', 'k']) kind) x;
                    INSERT INTO bus.event_ids (event_id, id, accepted_at)
                    SELECT client_event_id, id, accepted_at FROM bus.events
                    """);
        }
    }

    @Test
    void largeCausesEffectsAndCorrelatedEventsAreCutByBytes() {
        assertThat(sizeOf("c9")).isEqualTo(6);
        assertThat(sizeOf("e0")).isEqualTo(6);
        // The latest five, of which one was asked for.
        assertThat(sizeOf("k9")).isEqualTo(5);
    }

    @Test
    void whatIsNotCutIsWhole() {
        Traces.Trace trace = trace("e9");
        assertThat(trace.events()).hasSize(2);
        assertThat(trace.truncated()).isFalse();
    }

    private static int sizeOf(String event) {
        Traces.Trace trace = trace(event);
        assertThat(trace.truncated()).as(event).isTrue();
        return trace.events().size();
    }

    private static Traces.Trace trace(String event) {
        Traces traces = new Traces(new StoredEvents(new Database(platform.dataSource())));
        return Objects.requireNonNull(traces.of(event, Set.of()));
    }

    @Test
    void nobodyIsAskedAboutEventsOfAClosedTopic() {
        Traces traces = new Traces(new StoredEvents(new Database(platform.dataSource())));
        List<StoredEvent> asked = new ArrayList<>();
        traces.ask(events -> {
            asked.addAll(events);
            return Map.of();
        });

        Traces.Trace trace = Objects.requireNonNull(traces.of("e9", Set.of("t")));

        assertThat(trace.events()).isEmpty();
        assertThat(asked).isEmpty();
    }
}
