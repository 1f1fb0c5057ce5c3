package dev.jubilee.server.bus.store;

import dev.jubilee.server.bus.topics.TopicCatalogue;
import dev.jubilee.server.database.DailyPartitions;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.Timestamps;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collections;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the partitions of the days to come, drops those whose time is up, and forgets ids that
 * clients made before their window, and which deleted topics were protected. Any instance may do it
 * at any time.
 */
public final class Retention {
    private static final Logger log = LoggerFactory.getLogger(Retention.class);

    /** Some 60,000 ids. */
    private static final long PAGES_A_STATEMENT = 512;

    private final Database database;
    private final DailyPartitions partitions;
    private final StoreSettings settings;
    private final TopicCatalogue topics;
    private final InstantSource clock;

    Retention(
            Database database,
            DailyPartitions partitions,
            TopicCatalogue topics,
            StoreSettings settings,
            InstantSource clock) {
        this.database = database;
        this.partitions = partitions;
        this.topics = topics;
        this.settings = settings;
        this.clock = clock;
    }

    /** How often ids are to be forgotten: each time all there are are read. */
    Duration betweenForgetting() {
        Duration some = settings.idWindow().dividedBy(8);
        return Collections.min(
                List.of(Duration.ofDays(1), Collections.max(List.of(Duration.ofHours(1), some))));
    }

    /** Does what is due by the clock, but for {@link #forgetIds}. */
    public void run() {
        Instant now = clock.instant();
        partitions.ensureAhead(now);
        int dropped = partitions.dropUntil(now.minus(settings.retention()));
        if (dropped > 0) {
            log.info(
                    "dropped {} days of events that are older than {}",
                    dropped,
                    settings.retention());
        }
        // A day longer than its events, which are dropped by whole days.
        topics.forget(now.minus(settings.retention()).minus(Duration.ofDays(1)));
    }

    /**
     * Forgets the ids whose window has passed. Reads all of them: in pieces, so that no transaction
     * is long, and each page once, as whoever searched anew for the next ids to go would pass over
     * all that are gone already.
     */
    public void forgetIds() {
        Instant until = clock.instant().minus(settings.idWindow());
        long pages = database.read(Retention::pagesOfIds);
        for (long from = 0; from < pages; from += PAGES_A_STATEMENT) {
            long first = from;
            int _ = database.transaction(connection -> forgetIds(connection, first, until));
        }
    }

    private static long pagesOfIds(Connection connection) throws SQLException {
        try (PreparedStatement statement =
                        connection.prepareStatement(
                                """
                                SELECT pg_relation_size('bus.event_ids') / current_setting('block_size')::int
                                """);
                ResultSet row = statement.executeQuery()) {
            row.next();
            return row.getLong(1);
        }
    }

    private static int forgetIds(Connection connection, long firstPage, Instant until)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        DELETE FROM bus.event_ids WHERE ctid >= ?::tid AND ctid < ?::tid AND accepted_at < ?
                        """)) {
            statement.setString(1, "(%d,0)".formatted(firstPage));
            statement.setString(2, "(%d,0)".formatted(firstPage + PAGES_A_STATEMENT));
            statement.setObject(3, Timestamps.utc(until));
            return statement.executeUpdate();
        }
    }
}
