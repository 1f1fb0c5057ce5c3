package dev.jubilee.events.redis.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.redis.RealRedis;
import dev.jubilee.events.store.AppendResult;
import dev.jubilee.events.store.CatchUpSubscription;
import dev.jubilee.events.store.EventStore;
import dev.jubilee.events.store.SubscriptionListener;
import dev.jubilee.events.store.SubscriptionSettings;
import dev.jubilee.events.tck.Await;
import dev.jubilee.events.tck.EventStoreFixture;
import dev.jubilee.events.tck.SubscriptionContract;
import dev.jubilee.events.tck.servers.RedisServer;
import io.lettuce.core.RestoreArgs;
import io.lettuce.core.api.sync.RedisCommands;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealRedis.class)
class RedisSubscriptionTest extends SubscriptionContract {
    private final RedisFixture fixture;

    RedisSubscriptionTest(RedisServer server) {
        this.fixture = new RedisFixture(server);
    }

    @Override
    protected EventStoreFixture fixture() {
        return fixture;
    }

    @AfterEach
    void closeFixture() {
        fixture.close();
    }

    private static void save(EventStore store, String stream, long version, String id) {
        Envelope event = Envelope.of(id, "guild.founded", "guilds", Instant.EPOCH).build();
        assertThat(store.saveEvents(stream, List.of(event), version))
                .isInstanceOf(AppendResult.Appended.class);
    }

    /** The handler is done before the checkpoint moves. */
    private void awaitPosition(String position) {
        RedisCommands<String, String> redis = fixture.link().shared().sync();
        Await.until(
                "the checkpoint is at " + position,
                () -> position.equals(redis.hget(fixture.prefix + "-checkpoint:p", "position")));
    }

    @Test
    void whenTheServerLostTheEndOfItsLogItSaysSoAndPassesOverNothingNew() {
        RedisCommands<String, String> redis = fixture.link().shared().sync();
        List<String> handled = new CopyOnWriteArrayList<>();
        List<String> failures = new CopyOnWriteArrayList<>();
        SubscriptionListener watching =
                new SubscriptionListener() {
                    @Override
                    public void failed(Exception cause) {
                        failures.add(String.valueOf(cause.getMessage()));
                    }
                };
        SubscriptionSettings settings =
                SubscriptionSettings.of("p", "a")
                        .withPoll(Duration.ofMillis(20))
                        .withLease(Duration.ofSeconds(2));
        EventStore store = fixture.open();
        try (store;
                CatchUpSubscription subscription =
                        CatchUpSubscription.start(
                                store,
                                fixture.checkpoints(),
                                settings,
                                (events, lease) ->
                                        events.forEach(each -> handled.add(each.event().id())),
                                watching)) {
            save(store, "s", 0, "kept");
            awaitPosition("1");
            Map<String, byte[]> kept = new HashMap<>();
            redis.keys(fixture.prefix + "*").forEach(key -> kept.put(key, redis.dump(key)));
            save(store, "s", 1, "lost-1");
            save(store, "s", 2, "lost-2");
            awaitPosition("3");

            redis.multi();
            kept.forEach((key, value) ->
                    redis.restore(key, value, RestoreArgs.Builder.ttl(0).replace()));
            redis.exec();
            save(store, "s", 1, "new");
            subscription.wake();

            Await.until("it is handled", () -> handled.contains("new"));
        }
        assertThat(handled).containsExactly("kept", "lost-1", "lost-2", "new");
        assertThat(failures).singleElement().asString().contains("its end was lost");
    }
}
