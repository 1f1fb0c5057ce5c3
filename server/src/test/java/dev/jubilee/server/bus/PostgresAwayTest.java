package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A PostgreSQL that is away for a while. */
class PostgresAwayTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final int EVENTS = 60;

    @Test
    void publishingGoesOnAndTheStoreCatchesUp() throws Exception {
        String topic = platform.topic("kept");
        String event = "{\"event_type\":\"game.kill\",\"topic\":\"" + topic + "\"}";
        try (BusInstance bus = new BusInstance(platform, Map.of())) {
            bus.post("operator", "/topics", "{\"name\":\"" + topic + "\"}");
            List<String> ids = new ArrayList<>();
            try (Connection elsewhere = elsewhere()) {
                close(elsewhere);
                for (int i = 0; i < EVENTS; i++) {
                    Answer published = bus.post("service", "/events/publish", event);
                    assertThat(published.status()).isEqualTo(200);
                    ids.add(published.text("event_id"));
                }
                execute(elsewhere, "ALTER DATABASE " + name() + " ALLOW_CONNECTIONS true");
            }
            Await.untilAsserted(
                    "everything is stored once", () -> assertThat(stored(topic)).isEqualTo(EVENTS));
            assertThat(ids).doesNotHaveDuplicates();
            for (String id : ids) {
                assertThat(bus.get("service", "/events/" + id + "/status").status()).isEqualTo(200);
            }
        }
    }

    /** Nobody gets in any more, and who is in is thrown out. */
    private static void close(Connection elsewhere) throws SQLException {
        execute(elsewhere, "ALTER DATABASE " + name() + " ALLOW_CONNECTIONS false");
        execute(
                elsewhere,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"
                        + name()
                        + "'");
    }

    private static Connection elsewhere() throws SQLException {
        return DriverManager.getConnection(
                platform.anotherDatabase(), platform.user(), platform.password());
    }

    private static String name() {
        String url = platform.databaseUrl();
        return url.substring(url.lastIndexOf('/') + 1);
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static long stored(String topic) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                var row =
                        statement.executeQuery(
                                "SELECT count(*) FROM bus.events WHERE topic = '" + topic + "'")) {
            row.next();
            return row.getLong(1);
        }
    }
}
