package dev.jubilee.server.bus.topics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.testing.Platform;
import dev.jubilee.server.testing.TroubledDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class TopicCatalogueTest {
    @RegisterExtension static final Platform platform = new Platform();

    private final TroubledDatabase trouble = new TroubledDatabase(platform.dataSource());
    private final ChangeFeed changes = new ChangeFeed(platform.dataSource());
    private final TopicCatalogue catalogue =
            new TopicCatalogue(new Database(trouble.dataSource()), changes);

    @Test
    void whatWasReadEarlierDoesNotReplaceWhatWasReadLater() throws Exception {
        trouble.holdNext();
        Thread slow = Thread.ofVirtual().start(catalogue::refresh);
        trouble.awaitHeld();
        execute(topic("read.later"));
        catalogue.refresh();
        assertThat(catalogue.find("read.later")).isNotNull();

        trouble.goOn();
        slow.join();

        assertThat(catalogue.find("read.later")).isNotNull();
    }

    @Test
    void whatCouldNotBeReadIsReadAgain() throws Exception {
        changes.start();
        try (changes) {
            trouble.fail(true);
            execute(
                    topic("read.again")
                            + "; SELECT pg_notify('jubilee_changes', 'topics read.again')");
            Await.until("it was tried", () -> trouble.failures() > 0);
            assertThat(catalogue.find("read.again")).isNull();

            trouble.fail(false);

            Await.until("it is known", () -> catalogue.find("read.again") != null);
        }
    }

    private static String topic(String name) {
        return "INSERT INTO bus.topics (name, kafka_topic_id) VALUES ('%s', '%s')"
                .formatted(name, UUID.randomUUID());
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
