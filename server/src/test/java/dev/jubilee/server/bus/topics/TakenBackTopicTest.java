package dev.jubilee.server.bus.topics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.bus.BusSettings;
import dev.jubilee.server.config.SettingsReader;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.testing.Platform;
import dev.jubilee.server.testing.TroubledDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class TakenBackTopicTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final TopicSettings SETTINGS =
            BusSettings.from(new SettingsReader(Map.of()), true).topics();

    private final TroubledDatabase trouble = new TroubledDatabase(platform.dataSource());
    private final Database troubled = new Database(trouble.dataSource());
    private final Database fine = new Database(platform.dataSource());

    /** One instance cannot commit, and another makes the topic while the first clears up. */
    @Test
    void aTopicThatAnotherInstanceTookOverIsNotTakenBack() throws Exception {
        String name = platform.topic("taken.back");
        NewTopicRequest asked = NewTopicRequest.system(name, 1, SETTINGS);
        refuseCommits();
        try (Admin admin = Admin.create(platform.kafka())) {
            CompletableFuture<Reply> failing =
                    CompletableFuture.supplyAsync(() -> create(topics(admin, troubled), asked));
            trouble.awaitHeld();
            acceptCommits();

            Reply made =
                    topics(admin, fine)
                            .create(
                                    asked,
                                    Principal.PLATFORM,
                                    fine::transaction,
                                    topic -> Reply.noContent());
            trouble.goOn();

            assertThat(made.status()).isEqualTo(204);
            assertThat(failing.handle((reply, failure) -> failure).get(2, TimeUnit.MINUTES))
                    .isNotNull();
            assertThat(admin.describeTopics(List.of(name)).allTopicNames().get()).containsKey(name);
        }
    }

    private Reply create(Topics topics, NewTopicRequest asked) {
        Function<Database.Work<Reply>, Reply> thenHold =
                work -> {
                    try {
                        return troubled.transaction(work);
                    } finally {
                        trouble.holdNext();
                    }
                };
        return topics.create(asked, Principal.PLATFORM, thenHold, topic -> Reply.noContent());
    }

    private static Topics topics(Admin admin, Database database) {
        return new Topics(
                database,
                new ChangeFeed(platform.dataSource()),
                admin,
                new Audit(platform.clock()),
                SETTINGS,
                1 << 20,
                platform.clock());
    }

    private static void refuseCommits() throws SQLException {
        execute(
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    RAISE EXCEPTION 'this commit fails';
                END $$;
                CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON bus.topics DEFERRABLE INITIALLY DEFERRED
                    FOR EACH ROW EXECUTE FUNCTION refuse()
                """);
    }

    private static void acceptCommits() throws SQLException {
        execute("DROP TRIGGER refuse ON bus.topics");
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
