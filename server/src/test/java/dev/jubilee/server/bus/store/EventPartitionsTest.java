package dev.jubilee.server.bus.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.database.DailyPartitions;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class EventPartitionsTest {
    @RegisterExtension static final Platform platform = new Platform();

    private final DailyPartitions partitions =
            EventTable.partitions(new Database(platform.dataSource()));

    /** A backup reads for hours, and whoever waits for it has everybody wait behind him. */
    @Test
    void aDayIsMadeWhileSomebodyReads() throws SQLException {
        try (Connection reading = platform.connection();
                Statement statement = reading.createStatement()) {
            reading.setAutoCommit(false);
            statement.execute("SELECT count(*) FROM bus.events");

            CompletableFuture<Void> made =
                    CompletableFuture.runAsync(
                            () -> partitions.ensure(List.of(LocalDate.parse("2031-01-01"))));

            assertThat(made).succeedsWithin(Duration.ofMinutes(2));
            reading.rollback();
        }
        assertThat(
                        text(
                                """
                                SELECT (SELECT count(*) FROM pg_index WHERE indrelid = c.oid) || ' indexes, '
                                    || reloptions::text FROM pg_class c WHERE oid = 'bus.events_20310101'::regclass
                                """))
                .isEqualTo("3 indexes, {autovacuum_vacuum_insert_threshold=-1}");
    }

    private static String text(String query) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getString(1);
        }
    }
}
