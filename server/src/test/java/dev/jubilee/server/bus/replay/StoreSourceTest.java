package dev.jubilee.server.bus.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.search.Span;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class StoreSourceTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Instant NOON = Instant.parse("2026-11-10T12:00:00Z");

    private final Database database = new Database(platform.dataSource());

    @BeforeEach
    void partition() throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    """
                    DROP TABLE IF EXISTS bus.events_20261110;
                    CREATE TABLE bus.events_20261110 PARTITION OF bus.events
                        FOR VALUES FROM ('2026-11-10 00:00:00+00') TO ('2026-11-11 00:00:00+00')
                    """);
        }
    }

    /** Two instances accept, and the clock of the one is 200 ms ahead. */
    @Test
    void whatLeftBeforeItsTurnDoesNotLeaveAgainAfterAPause() throws SQLException {
        event("behind", 0, 2, 0);
        event("behind too", 0, 3, 50);
        event("held", 1, 7, 100);
        event("ahead", 0, 1, 200);
        event("later", 1, 8, 301);
        Replay replay = replay(Span.floor(NOON), null);
        StoreSource source = source(replay);
        assertThat(types(source.read(5))).containsExactly("ahead", "behind", "behind too");

        ReplaySource.Position pause = source.after(3);

        StoreSource resumed = source(replay(pause.store(), pause.kafka()));
        ReplaySource.Piece rest = resumed.read(5);
        assertThat(types(rest)).containsExactly("held", "later");
        assertThat(rest.last()).isTrue();
        // Nothing is noted that will never be read again.
        assertThat(resumed.after(2).kafka()).isNull();
    }

    @Test
    void whatHadNotLeftIsSentAfterAPause() throws SQLException {
        event("behind", 0, 2, 0);
        event("behind too", 0, 3, 50);
        event("held", 1, 7, 100);
        event("ahead", 0, 1, 200);
        event("later", 1, 8, 301);
        StoreSource source = source(replay(Span.floor(NOON), null));
        assertThat(types(source.read(5))).containsExactly("ahead", "behind", "behind too");

        ReplaySource.Position pause = source.after(1);

        StoreSource resumed = source(replay(pause.store(), pause.kafka()));
        assertThat(types(resumed.read(5))).containsExactly("behind", "behind too");
        assertThat(types(resumed.read(5))).containsExactly("held", "later");
    }

    /** Of a topic that was made again the offsets begin anew. */
    @Test
    void anOffsetThatComesAgainIsAnotherEvent() throws SQLException {
        event("old", 0, 90, 0);
        event("held", 1, 7, 100);
        event("old ahead", 0, 89, 200);
        event("later", 1, 8, 301);
        event("new", 0, 1, 400);
        StoreSource source = source(replay(Span.floor(NOON), null));
        assertThat(types(source.read(4))).containsExactly("old ahead", "old");

        ReplaySource.Position pause = source.after(2);

        StoreSource resumed = source(replay(pause.store(), pause.kafka()));
        assertThat(types(resumed.read(5))).containsExactly("held", "later", "new");
    }

    private StoreSource source(Replay replay) {
        return new StoreSource(replay, new StoredRange(database, replay));
    }

    private static List<String> types(ReplaySource.Piece piece) {
        return piece.events().stream().map(one -> one.event().type()).toList();
    }

    private static void event(String type, int partition, long offset, long millis)
            throws SQLException {
        try (Connection connection = platform.connection();
                PreparedStatement insert =
                        connection.prepareStatement(
                                """
                                INSERT INTO bus.events (id, event_type, topic, source, partition, "offset", timestamp,
                                    accepted_at, processed_at)
                                SELECT ?, ?, 't', 's', ?, ?, at, at, at FROM (SELECT ?::timestamptz AS at) x
                                """)) {
            Instant at = NOON.plusMillis(millis);
            insert.setObject(1, Span.floor(at));
            insert.setString(2, type);
            insert.setInt(3, partition);
            insert.setLong(4, offset);
            insert.setString(5, at.toString());
            insert.executeUpdate();
        }
    }

    private static Replay replay(UUID position, @Nullable String positions) {
        return new Replay(
                UUID.randomUUID(),
                Replay.Status.RUNNING,
                "t",
                List.of(),
                NOON,
                NOON.plusSeconds(60),
                "{}",
                Replay.Kind.SUBSCRIPTION,
                null,
                null,
                null,
                0,
                0,
                Replay.Source.STORE,
                position,
                positions,
                null,
                "somebody",
                NOON,
                null,
                null);
    }
}
