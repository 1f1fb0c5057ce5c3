package dev.jubilee.events.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.EventTracker;
import dev.jubilee.events.PublishException;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.TopicPattern;
import dev.jubilee.events.TransportGuarantees;
import dev.jubilee.events.core.BusSettings;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.tck.Await;
import dev.jubilee.events.tck.EventBusContract;
import dev.jubilee.events.tck.servers.RedisServer;
import io.lettuce.core.KillArgs;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealRedis.class)
class RedisPubSubEventBusTest extends EventBusContract {
    private final RedisSettings settings;
    private final RedisLink link;

    RedisPubSubEventBusTest(RedisServer server) {
        this.settings = RedisSettings.at(server.uri()).withStream(family);
        this.link = RedisLink.to(settings.address());
    }

    @Override
    protected EventBus open(EventRegistry registry, EventTracker tracker) {
        return new RedisPubSubEventBus(
                settings.withBus(BusSettings.defaults().withTracker(tracker)),
                new JsonEventCodec(registry));
    }

    @AfterEach
    void disconnect() {
        link.close();
    }

    @Test
    void saysThatItNeitherStoresNorRedelivers() {
        assertThat(bus().guarantees().durability())
                .isEqualTo(new TransportGuarantees.Durability.WhileConnected());
        assertThat(bus().guarantees().redelivery())
                .isEqualTo(new TransportGuarantees.Redelivery.AtMostOnce());
    }

    @Test
    void refusesToBeDurable() {
        assertThatThrownBy(() ->
                        bus().subscribe(
                                        "game.#",
                                        SubscriptionOptions.durable("scores"),
                                        event -> {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("WhileConnected");
    }

    @Test
    void aMessageWhoseAnswerWasLostIsNotSentAgain() {
        ConcurrentLinkedQueue<String> handled = new ConcurrentLinkedQueue<>();
        bus().subscribe(family + ".score", event -> handled.add(event.id()));
        Client.command(link, "PAUSE", "60000", "WRITE");
        CompletableFuture<Void> lost;
        try {
            lost = bus().publishAsync(score("ada", 1));
            Await.until(
                    "the server has it",
                    () -> link.shared().sync().clientList().contains(" flags=b "));
            link.shared().sync().clientKill(KillArgs.Builder.typeNormal().skipme());
        } finally {
            Client.command(link, "UNPAUSE");
        }
        assertThatThrownBy(() -> lost.get(Await.PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .hasCauseInstanceOf(PublishException.class);
        DomainEvent<Score> next = score("ada", 2);
        bus().publish(next);
        Await.until("the next came", () -> handled.contains(next.id()));
        assertThat(handled).containsExactly(next.id());
    }

    @Test
    void afterALostConnectionItListensAgain() {
        ConcurrentLinkedQueue<String> handled = new ConcurrentLinkedQueue<>();
        bus().subscribe(family + ".score", event -> handled.add(event.id()));
        link.shared().sync().clientKill(KillArgs.Builder.typePubsub());
        Await.until(
                "events come again",
                () -> {
                    bus().publish(score("ada", 1));
                    return !handled.isEmpty();
                });
    }

    @Test
    void aRedrivenLetterComesOnceAndToItsSubscriptionAlone() {
        ConcurrentLinkedQueue<String> handled = new ConcurrentLinkedQueue<>();
        ConcurrentLinkedQueue<String> others = new ConcurrentLinkedQueue<>();
        AtomicBoolean broken = new AtomicBoolean(true);
        EventHandler<BaseEvent> mended =
                event -> {
                    if (broken.get()) {
                        throw new IOException("broken");
                    }
                    handled.add(event.id());
                };
        bus().subscribe("#", mended.retrying(quick(1)));
        bus().subscribe("#", event -> others.add(event.id()));
        DomainEvent<Score> failed = score("ada", 1);
        bus().publish(failed);
        awaitLetters(1);
        broken.set(false);
        assertThat(bus().deadLetters().redrive(dead(), letter -> true)).isEqualTo(1);
        DomainEvent<Score> next = score("ada", 2);
        bus().publish(next);
        Await.until("the next came to one", () -> handled.contains(next.id()));
        Await.until("the next came to the other", () -> others.contains(next.id()));
        assertThat(handled).containsExactly(failed.id(), next.id());
        assertThat(others).containsExactly(failed.id(), next.id());
    }

    @Test
    void aGlobSelectsNoLessThanItsPattern() {
        assertThat(RedisPubSubEventBus.globOf(TopicPattern.of("game.kill"))).isEqualTo("game.kill");
        assertThat(RedisPubSubEventBus.globOf(TopicPattern.of("game.#"))).isEqualTo("game*");
        assertThat(RedisPubSubEventBus.globOf(TopicPattern.of("game.*.end"))).isEqualTo("game*");
        assertThat(RedisPubSubEventBus.globOf(TopicPattern.of("#.end"))).isEqualTo("*");
    }
}
