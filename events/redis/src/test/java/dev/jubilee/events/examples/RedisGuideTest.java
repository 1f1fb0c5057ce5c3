package dev.jubilee.events.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.redis.RealRedis;
import dev.jubilee.events.redis.RedisAddress;
import dev.jubilee.events.redis.RedisLink;
import dev.jubilee.events.redis.RedisSettings;
import dev.jubilee.events.redis.RedisStreamsEventBus;
import dev.jubilee.events.redis.store.RedisEventStore;
import dev.jubilee.events.store.EventStore;
import dev.jubilee.events.tck.Await;
import dev.jubilee.events.tck.servers.RedisServer;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The guide's examples on Redis, but for its address. */
@ExtendWith(RealRedis.class)
class RedisGuideTest {
    private record GoldDeposited(String member, long amount) {}

    private final String uri;

    RedisGuideTest(RedisServer server) {
        this.uri = server.uri();
    }

    @Test
    void aDurableSubscription() {
        AtomicLong mailed = new AtomicLong();
        EventRegistry registry =
                EventRegistry.builder().type("guild.gold.deposited", GoldDeposited.class).build();
        EventFactory events =
                new EventFactory(registry, InstantSource.system(), "guild-service", "test");
        EventHandler<DomainEvent<GoldDeposited>> mailer =
                event -> mailed.addAndGet(event.data().amount());
        EventBus bus =
                new RedisStreamsEventBus(RedisSettings.at(uri), new JsonEventCodec(registry));
        bus.subscribe("guild.gold.*", SubscriptionOptions.durable("mail"), mailer);
        bus.publish(events.domain("treasury", "dragons", new GoldDeposited("ada", 100)));
        Await.until("it is mailed", () -> mailed.get() == 100);
        bus.close();
    }

    @Test
    void aStore() {
        String stream = "guild-" + System.nanoTime();
        Envelope deposited =
                Envelope.of("e1", "guild.gold.deposited", "guild-service", Instant.EPOCH)
                        .json("{\"amount\":100}".getBytes(UTF_8))
                        .build();
        try (RedisLink redis = RedisLink.to(new RedisAddress(uri));
                EventStore store = new RedisEventStore(redis)) {
            store.saveEvents(stream, List.of(deposited), 0);
            assertThat(store.getEvents(stream, 0).getFirst().event()).isEqualTo(deposited);
        }
    }
}
