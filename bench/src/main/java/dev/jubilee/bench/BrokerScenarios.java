package dev.jubilee.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.json.CloudEventsJson;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.rabbitmq.RabbitEventBus;
import dev.jubilee.events.rabbitmq.RabbitSettings;
import dev.jubilee.events.redis.RedisSettings;
import dev.jubilee.events.redis.RedisStreamsEventBus;
import dev.jubilee.events.tck.servers.RabbitMqServer;
import dev.jubilee.events.tck.servers.RedisServer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

/**
 * The library's buses on a server of their own, each beside the bare client on the same: one
 * publisher and one durable subscription, from the first sent to the last handled.
 */
final class BrokerScenarios {
    private static final String TYPE = "bench.score";
    private static final int ROUNDS = 3;
    private static final EventRegistry REGISTRY =
            EventRegistry.builder().type(TYPE, Score.class).build();
    private static final EventFactory EVENTS =
            new EventFactory(REGISTRY, InstantSource.system(), "bench", "bench");
    private static final EventCodec CODEC = new JsonEventCodec(REGISTRY);

    private BrokerScenarios() {}

    /** What is published: about as large as an event of the platform's own scenarios. */
    record Score(String player, String match, int points, String note) {}

    static Outcome rabbitMq(Stand stand) {
        stand.say("starting RabbitMQ");
        try (RabbitMqServer server = new RabbitMqServer()) {
            RabbitSettings settings = RabbitSettings.fromEnvironment(server.environment());
            try (RabbitYardstick bare = new RabbitYardstick(settings, TYPE, body());
                    EventBus bus = new RabbitEventBus(settings, CODEC)) {
                return beside(stand, bare::carry, bus)
                        .of("rabbitmq: the library's bus, one publisher and one subscription");
            }
        }
    }

    static Outcome redis(Stand stand) {
        stand.say("starting Redis");
        try (RedisServer server = new RedisServer()) {
            RedisSettings settings =
                    RedisSettings.at(server.uri()).withRetention(Duration.ofSeconds(1));
            String text = new String(body(), UTF_8);
            try (RedisYardstick bare = new RedisYardstick(settings.address(), text);
                    EventBus bus = new RedisStreamsEventBus(settings, CODEC)) {
                return beside(stand, bare::carry, bus)
                        .of(
                                "redis: the library's bus on Streams, one publisher and one subscription");
            }
        }
    }

    /** Rounds of both by turns, so that what else the machine does meets both. */
    private static Outcome.Notes beside(
            Stand stand, Function<Duration, Carried> bare, EventBus bus) {
        AtomicLong handled = new AtomicLong();
        EventHandler<BaseEvent> counting = event -> handled.incrementAndGet();
        bus.subscribe(TYPE, SubscriptionOptions.durable("bench"), counting);
        stand.say("warming up");
        var _ = bare.apply(stand.warmUp());
        var _ = carry(bus, handled, stand.warmUp());
        Carried yardstick = Carried.NOTHING;
        Carried ours = Carried.NOTHING;
        for (int round = 1; round <= ROUNDS; round++) {
            stand.say("round %d: the bare client, then the bus".formatted(round));
            yardstick = yardstick.plus(bare.apply(stand.duration()));
            ours = ours.plus(carry(bus, handled, stand.duration()));
        }
        return notes(ours, yardstick);
    }

    private static Outcome.Notes notes(Carried ours, Carried yardstick) {
        return new Outcome.Notes()
                .figure(Figure.told("events published and handled", ours.rate(), "/s"))
                .figure(Figure.told("the bare client beside it", yardstick.rate(), "/s"))
                .figure(
                        Figure.atLeast(
                                "of the bare client",
                                Figure.ratio(ours.rate(), yardstick.rate()) * 100,
                                "%",
                                70))
                .figure(Figure.told("size of a message", body().length, "bytes"))
                .finding(Finding.exactly("events handled", ours.sent(), ours.handled()))
                .finding(
                        Finding.exactly(
                                "messages of the yardstick",
                                yardstick.sent(),
                                yardstick.handled()));
    }

    private static Carried carry(EventBus bus, AtomicLong handled, Duration duration) {
        long before = handled.get();
        AtomicLong failed = new AtomicLong();
        long start = System.nanoTime();
        long sent = 0;
        CompletableFuture<Void> last = CompletableFuture.completedFuture(null);
        while (System.nanoTime() - start < duration.toNanos()) {
            last =
                    bus.publishAsync(score(sent))
                            .whenComplete((done, failure) -> {
                                if (failure != null) {
                                    failed.incrementAndGet();
                                }
                            });
            sent++;
        }
        last.join();
        Carried carried = Carried.awaitHandled(sent, start, () -> handled.get() - before);
        if (failed.get() > 0) {
            throw new BenchException(failed.get() + " events were not taken");
        }
        return carried;
    }

    /** What the bus sends of one event, for the bare client to send as it is. */
    private static byte[] body() {
        return new CloudEventsJson(InstantSource.system()).write(CODEC.encode(score(0)));
    }

    private static DomainEvent<Score> score(long number) {
        String player = "player-" + number % 1000;
        return EVENTS.domain(
                "player", player, new Score(player, "match-" + number, 100, "x".repeat(64)));
    }
}
