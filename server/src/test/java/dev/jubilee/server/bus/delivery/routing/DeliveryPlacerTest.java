package dev.jubilee.server.bus.delivery.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.shards.Owned;
import dev.jubilee.server.bus.delivery.shards.Ownership;
import dev.jubilee.server.bus.delivery.streams.OpenStreams;
import dev.jubilee.server.bus.delivery.streams.StreamMemory;
import dev.jubilee.server.bus.delivery.windows.DeliveryMemory;
import dev.jubilee.server.bus.delivery.windows.DeliveryWindow;
import dev.jubilee.server.bus.subscriptions.SubscriptionDirectory;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Instant;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class DeliveryPlacerTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");

    private final Ownership ownership = new Ownership();
    private final SubscriptionDirectory directory =
            new SubscriptionDirectory(
                    new Database(platform.dataSource()), new ChangeFeed(platform.dataSource()));
    private final DeliveryPlacer placer =
            new DeliveryPlacer(
                    directory,
                    ownership,
                    new OpenStreams(StreamMemory.ofHeap()),
                    new DeliveryMemory(16 << 20));

    /** Of those that are streamed or pulled, and of those that are gone, nothing is kept. */
    @Test
    void whoIsNotPushedHasNoWindowHoweverOftenSomethingWaits() {
        UUID subscription = UUID.randomUUID();

        placer.arrived(subscription);
        placer.leftBehind(subscription);
        assertThat(placer.level(Set.of(subscription))).isEmpty();
        assertThat(placer.loaded(Set.of(subscription))).isEmpty();

        assertThat(placer.windows()).isZero();
    }

    @Test
    void whomOthersDeliverToHasNoWindow() throws Exception {
        UUID subscription = UUID.randomUUID();
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    """
                    INSERT INTO bus.event_subscriptions (id, subscription_id, service_name, method, endpoint)
                    VALUES ('%1$s', '%1$s', 's', 'webhook', 'http://localhost/hook');
                    UPDATE bus.subscription_version SET version = version + 1
                    """
                            .formatted(subscription));
        }
        directory.refresh();
        Delivery one =
                new Delivery(subscription, 1, "e", "t", "t", null, 1, new byte[0], 0, NOW, NOW);

        assertThat(placer.place(one, NOW).taken()).isFalse();
        assertThat(placer.windows()).isZero();

        Owned.all(ownership);
        assertThat(placer.place(one, NOW).taken()).as("something may wait").isFalse();
        assertThat(placer.windows()).isEqualTo(1);
    }

    /** Whoever had the shard before may have left something. */
    @Test
    void whatIsRoutedOnceAShardIsGainedComesAfterWhatWaits() {
        DeliveryWindow window = placer.window(UUID.randomUUID());
        window.caughtUp(window.mark());

        Owned.all(ownership);

        assertThat(window.isBehind()).isTrue();
    }

    @Test
    void whoIsDeposedHoldsNothing() {
        DeliveryWindow window = placer.window(UUID.randomUUID());
        Owned.all(ownership);

        ownership.deposed(ownership.instance());

        assertThat(window.isAbandoned()).isTrue();
        assertThat(placer.windows()).isZero();
    }
}
