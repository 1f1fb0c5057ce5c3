package dev.jubilee.server.bus.subscriptions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.testing.Platform;
import dev.jubilee.server.testing.TroubledDatabase;
import java.sql.Connection;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class SubscriptionDirectoryTest {
    @RegisterExtension static final Platform platform = new Platform();

    private final TroubledDatabase trouble = new TroubledDatabase(platform.dataSource());

    @Test
    void whoCannotBeToldKeepsNobodyFromHearing() throws Exception {
        SubscriptionDirectory directory =
                new SubscriptionDirectory(
                        new Database(platform.dataSource()), new ChangeFeed(platform.dataSource()));
        AtomicInteger told = new AtomicInteger();
        directory.onChange(() -> {
            throw new IllegalStateException("it cannot be told");
        });
        directory.onChange(told::incrementAndGet);

        assertThatCode(directory::refresh).doesNotThrowAnyException();

        assertThat(told).hasValue(1);
    }

    @Test
    void whatCouldNotBeReadIsReadAgain() throws Exception {
        try (ChangeFeed changes = new ChangeFeed(platform.dataSource());
                Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            SubscriptionDirectory directory =
                    new SubscriptionDirectory(new Database(trouble.dataSource()), changes);
            long before = directory.refresh().version();
            changes.start();
            trouble.fail(true);
            statement.execute(
                    """
                    UPDATE bus.subscription_version SET version = version + 1;
                    SELECT pg_notify('jubilee_changes', 'subscriptions x')
                    """);
            Await.until("it was tried", () -> trouble.failures() > 0);
            assertThat(directory.index().version()).isEqualTo(before);

            trouble.fail(false);

            Await.until("it is known", () -> directory.index().version() == before + 1);
        }
    }
}
