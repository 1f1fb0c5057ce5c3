package dev.jubilee.server.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import com.zaxxer.hikari.HikariDataSource;
import dev.jubilee.events.tck.Await;
import dev.jubilee.server.testing.FrozenRelay;
import dev.jubilee.server.testing.Platform;
import java.io.IOException;
import java.net.URI;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A PostgreSQL that vanishes without a word, and transactions that end in an error. */
class SilentPostgresTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Duration PATIENCE = Duration.ofSeconds(5);

    @Test
    void anAnswerThatNeverComesIsNotWaitedForForEver() throws Exception {
        try (FrozenRelay relay = relay();
                HikariDataSource pool = pool(relay)) {
            Database database = new Database(pool);
            assertThatThrownBy(() ->
                            database.read(connection -> {
                                query(connection, "SELECT 1");
                                relay.freeze();
                                return query(connection, "SELECT 2");
                            }))
                    .asInstanceOf(type(DatabaseException.class))
                    .matches(DatabaseException::isTransient);
            assertThat(database.<String>read(connection -> query(connection, "SELECT 3")))
                    .isEqualTo("3");
        }
    }

    @Test
    void aStatementMayBeGivenLessTime() throws Exception {
        try (FrozenRelay relay = relay();
                HikariDataSource pool = pool(relay)) {
            Database database = new Database(pool);
            assertThatThrownBy(() ->
                            database.within(
                                    Duration.ofMillis(50),
                                    connection -> query(connection, "SELECT 1 FROM pg_sleep(10)")))
                    .asInstanceOf(type(DatabaseException.class))
                    .matches(DatabaseException::tookTooLong);
            assertThat(
                            database.<String>read(
                                    connection -> query(connection, "SHOW statement_timeout")))
                    .isEqualTo("0");
        }
    }

    @Test
    void aClientThatVanishedLosesItsTransactionSoon() throws Exception {
        try (FrozenRelay relay = relay();
                HikariDataSource pool = pool(relay)) {
            Database database = new Database(pool);
            assertThat(
                            database.<String>read(
                                    connection -> query(connection, "SHOW tcp_user_timeout")))
                    .isEqualTo("20000");
            assertThat(
                            database.<String>read(
                                    connection -> query(connection, "SHOW tcp_keepalives_idle")))
                    .isEqualTo("10");
        }
    }

    @Test
    void aChangeFeedThatWasCutOffListensAgain() throws Exception {
        try (FrozenRelay relay = relay();
                HikariDataSource pool = pool(relay);
                ChangeFeed feed = new ChangeFeed(pool, Duration.ofMillis(20))) {
            List<String> heard = new CopyOnWriteArrayList<>();
            feed.on("things", heard::add);
            feed.start();
            relay.freeze();
            Await.until("everything may have changed", () -> heard.contains(""));
            new Database(platform.dataSource())
                    .transaction(connection -> {
                        ChangeFeed.announce(connection, "things", "seven");
                        return 0;
                    });
            Await.until("a change is heard", () -> heard.contains("seven"));
        }
    }

    @Test
    void whateverEndsATransactionRollsItBack() {
        Database database = new Database(platform.dataSource());
        database.transaction(connection -> execute(connection, "CREATE TABLE kept (x int)"));
        assertThatThrownBy(() ->
                        database.transaction(connection -> {
                            execute(connection, "INSERT INTO kept VALUES (1)");
                            throw new StackOverflowError();
                        }))
                .isInstanceOf(StackOverflowError.class);
        assertThat(
                        database.<String>read(
                                connection -> query(connection, "SELECT count(*) FROM kept")))
                .isEqualTo("0");
    }

    private static FrozenRelay relay() throws IOException {
        return new FrozenRelay(database().getPort());
    }

    private static HikariDataSource pool(FrozenRelay relay) {
        String url =
                platform.databaseUrl()
                        .replace(":" + database().getPort() + "/", ":" + relay.port() + "/");
        return ConnectionPool.open(
                new ConnectionPool.Address(url, platform.user(), platform.password()),
                2,
                Duration.ofSeconds(10),
                PATIENCE);
    }

    private static URI database() {
        return URI.create(platform.databaseUrl().substring("jdbc:".length()));
    }

    private static int execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return statement.executeUpdate(sql);
        }
    }

    private static String query(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }
}
