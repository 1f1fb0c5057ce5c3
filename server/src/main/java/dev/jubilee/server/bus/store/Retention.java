package dev.jubilee.server.bus.store;

import dev.jubilee.server.bus.topics.TopicCatalogue;
import dev.jubilee.server.database.DailyPartitions;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.Timestamps;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the partitions of the days to come, drops those whose time is up, and forgets ids that
 * clients made before their window, and which deleted topics were protected. Any instance may do it
 * at any time.
 */
public final class Retention {
    private static final Logger log = LoggerFactory.getLogger(Retention.class);
    private static final int IDS_A_STATEMENT = 20_000;

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

    /** Does what is due by the clock. */
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
        forgetIds(now.minus(settings.idWindow()));
        // A day longer than its events, which are dropped by whole days.
        topics.forget(now.minus(settings.retention()).minus(Duration.ofDays(1)));
    }

    /** In pieces, so that no transaction is long. */
    private void forgetIds(Instant until) {
        int forgotten = IDS_A_STATEMENT;
        while (forgotten == IDS_A_STATEMENT) {
            forgotten =
                    database.read(connection -> {
                        try (PreparedStatement statement =
                                connection.prepareStatement(
                                        """
                                        DELETE FROM bus.event_ids WHERE ctid = ANY (ARRAY(
                                            SELECT ctid FROM bus.event_ids WHERE accepted_at < ?
                                            LIMIT ?))
                                        """)) {
                            statement.setObject(1, Timestamps.utc(until));
                            statement.setInt(2, IDS_A_STATEMENT);
                            return statement.executeUpdate();
                        }
                    });
        }
    }
}
