package dev.jubilee.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.jubilee.bench.RedisYardstick.Carried;
import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.json.CloudEventsJson;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.redis.RedisSettings;
import dev.jubilee.events.redis.RedisStreamsEventBus;
import dev.jubilee.events.tck.servers.RedisServer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/** The library's bus on a Redis of its own, beside the bare client on the same. */
final class RedisScenarios {
    private static final String TYPE = "bench.score";
    private static final String NAME = "bench";
    private static final int ROUNDS = 3;
    private static final EventRegistry REGISTRY =
            EventRegistry.builder().type(TYPE, Score.class).build();
    private static final EventFactory EVENTS =
            new EventFactory(REGISTRY, InstantSource.system(), "bench", "bench");

    private RedisScenarios() {}

    /** What is published: about as large as an event of the platform's own scenarios. */
    record Score(String player, String match, int points, String note) {}

    /** One publisher and one durable subscription, from the first sent to the last handled. */
    static Outcome carry(Stand stand) {
        stand.say("starting Redis");
        try (RedisServer server = new RedisServer()) {
            RedisSettings settings =
                    RedisSettings.at(server.uri()).withRetention(Duration.ofSeconds(1));
            JsonEventCodec codec = new JsonEventCodec(REGISTRY);
            String text =
                    new String(
                            new CloudEventsJson(InstantSource.system())
                                    .write(codec.encode(score(0))),
                            UTF_8);
            try (RedisYardstick bare = new RedisYardstick(settings.address(), text);
                    EventBus bus = new RedisStreamsEventBus(settings, codec)) {
                AtomicLong handled = new AtomicLong();
                EventHandler<BaseEvent> counting = event -> handled.incrementAndGet();
                bus.subscribe(TYPE, SubscriptionOptions.durable(NAME), counting);
                stand.say("warming up");
                bare.carry(stand.warmUp());
                carry(bus, handled, stand.warmUp());
                Sum yardstick = new Sum();
                Sum ours = new Sum();
                for (int round = 1; round <= ROUNDS; round++) {
                    stand.say("round %d: the bare client, then the bus".formatted(round));
                    yardstick.add(bare.carry(stand.duration()));
                    ours.add(carry(bus, handled, stand.duration()));
                }
                return outcome(ours, yardstick, text.length());
            }
        }
    }

    /** Rounds by turns, so that what else the machine does meets both. */
    private static final class Sum {
        private long sent;
        private long handled;
        private double seconds;

        void add(Carried round) {
            sent += round.sent();
            handled += round.handled();
            seconds += round.seconds();
        }

        double rate() {
            return handled / seconds;
        }
    }

    private static Outcome outcome(Sum ours, Sum yardstick, int bytes) {
        Outcome.Notes notes = new Outcome.Notes();
        notes.figure(Figure.told("events published and handled", ours.rate(), "/s"));
        notes.figure(Figure.told("the bare client beside it", yardstick.rate(), "/s"));
        notes.figure(
                Figure.atLeast(
                        "of the bare client",
                        Figure.ratio(ours.rate(), yardstick.rate()) * 100,
                        "%",
                        70));
        notes.figure(Figure.told("size of a message", bytes, "bytes"));
        notes.finding(Finding.exactly("events handled", ours.sent, ours.handled));
        notes.finding(
                Finding.exactly("messages of the yardstick", yardstick.sent, yardstick.handled));
        return notes.of("redis: the library's bus on Streams, one publisher and one subscription");
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
        Carried carried = RedisYardstick.awaitHandled(sent, start, () -> handled.get() - before);
        if (failed.get() > 0) {
            throw new BenchException(failed.get() + " events were not taken");
        }
        return carried;
    }

    private static DomainEvent<Score> score(long number) {
        String player = "player-" + number % 1000;
        return EVENTS.domain(
                "player", player, new Score(player, "match-" + number, 100, "x".repeat(64)));
    }
}
