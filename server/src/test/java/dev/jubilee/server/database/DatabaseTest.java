package dev.jubilee.server.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class DatabaseTest {
    @RegisterExtension static final Platform platform = new Platform();

    private final Database database = new Database(platform.dataSource(), 1);

    @Test
    void lengthyReadsLeaveConnectionsForWhatIsQuick() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch enough = new CountDownLatch(1);
        CompletableFuture<String> lengthy =
                CompletableFuture.supplyAsync(() ->
                        database.within(
                                Duration.ofMinutes(1),
                                connection -> {
                                    begun.countDown();
                                    await(enough);
                                    return one(connection);
                                }));
        begun.await();

        assertThatThrownBy(() -> database.within(Duration.ofMillis(10), DatabaseTest::one))
                .asInstanceOf(type(DatabaseException.class))
                .matches(DatabaseException::isTransient);
        assertThat(database.<String>read(DatabaseTest::one)).isEqualTo("1");

        enough.countDown();
        assertThat(lengthy.get()).isEqualTo("1");
        assertThat(database.<String>within(Duration.ofMinutes(1), DatabaseTest::one))
                .isEqualTo("1");
    }

    private static String one(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT 1")) {
            row.next();
            return row.getString(1);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
