package dev.jubilee.server.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.server.bus.delivery.attempts.AttemptStore;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class DailyPartitionsTest {
    @RegisterExtension static final Platform platform = new Platform();

    private final DailyPartitions partitions =
            AttemptStore.partitions(new Database(platform.dataSource()));

    /** A backup reads for hours, and whoever waits for it has everybody wait behind him. */
    @Test
    void aDayIsMadeWhileSomebodyReads() throws SQLException {
        try (Connection reading = platform.connection()) {
            reading.setAutoCommit(false);
            execute(reading, "SELECT count(*) FROM bus.event_deliveries");

            CompletableFuture<Void> made =
                    CompletableFuture.runAsync(
                            () -> partitions.ensure(Instant.parse("2031-01-01T12:00:00Z")));

            assertThat(made).succeedsWithin(Duration.ofMinutes(2));
            reading.rollback();
        }
        assertThat(count("pg_index WHERE indrelid = 'bus.event_deliveries_20310101'::regclass"))
                .isEqualTo(3);
    }

    @Test
    void theDaysToComeAreMadeBeforeTheyBegin() throws SQLException {
        partitions.ensureAhead(Instant.parse("2032-01-01T23:59:59Z"));
        partitions.ensureAhead(Instant.parse("2032-01-01T23:59:59Z"));

        assertThat(count("pg_class WHERE relkind = 'r' AND relname LIKE 'event_deliveries_2032%'"))
                .isEqualTo(3);
    }

    @Test
    void whoCannotMakeADayDoesNotWaitForIt() throws SQLException {
        try (Connection changing = platform.connection()) {
            changing.setAutoCommit(false);
            execute(changing, "LOCK TABLE bus.event_deliveries IN SHARE UPDATE EXCLUSIVE MODE");

            assertThatThrownBy(() -> partitions.ensure(Instant.parse("2033-01-01T12:00:00Z")))
                    .isInstanceOf(DatabaseException.class);
            changing.rollback();
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static int count(String which) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT count(*) FROM " + which)) {
            row.next();
            return row.getInt(1);
        }
    }
}
