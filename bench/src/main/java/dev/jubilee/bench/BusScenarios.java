package dev.jubilee.bench;

import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.core.InMemoryEventBus;
import dev.jubilee.events.json.JsonEventCodec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

/** The library's buses by themselves. */
final class BusScenarios {
    private static final int PLAYERS = 1024;

    /** Fewer would measure how Kafka's tool starts. */
    private static final int FEWEST = 200_000;

    private static final int NOTE_LENGTH = 200;
    private static final EventRegistry REGISTRY =
            EventRegistry.builder().type("game.kill", Kill.class).build();

    private BusScenarios() {}

    private record Kill(String match, String weapon, int distance, boolean headshot, String note) {}

    /** How fast, and how much of a core an event takes: publishing, the queue and handling. */
    static Outcome memory(Stand stand) {
        Outcome.Notes notes = new Outcome.Notes();
        stand.say("publishing and handling in memory");
        inMemory(SubscriptionOptions.DEFAULT, stand.warmUp());
        Handled queued = inMemory(SubscriptionOptions.DEFAULT, stand.duration());
        notes.figure(Figure.told("handled", queued.handled / queued.seconds, "/s"));
        notes.figure(
                Figure.atLeast(
                        "handled per second of one core",
                        queued.handled / queued.cpuSeconds,
                        "/s",
                        1_000_000));
        notes.figure(
                Figure.told("CPU of an event", queued.cpuSeconds / queued.handled * 1e6, "µs"));
        notes.finding(Finding.exactly("events handled", queued.published, queued.handled));
        inMemory(SubscriptionOptions.synchronous(), stand.warmUp());
        Handled direct = inMemory(SubscriptionOptions.synchronous(), stand.duration());
        notes.figure(
                Figure.told(
                        "handled synchronously per second of one core",
                        direct.handled / direct.cpuSeconds,
                        "/s"));
        notes.finding(
                Finding.exactly("events handled synchronously", direct.published, direct.handled));
        return notes.of("bus-memory: one publisher and one handler in one process");
    }

    private record Handled(long published, long handled, double seconds, double cpuSeconds) {}

    private static final class Counter implements EventHandler<DomainEvent<Kill>> {
        private long handled;

        @Override
        public void handle(DomainEvent<Kill> event) {
            handled++;
        }
    }

    private static Handled inMemory(SubscriptionOptions options, Duration duration) {
        List<DomainEvent<Kill>> kills = kills();
        Counter counter = new Counter();
        long published = 0;
        Cpu cpu = new Cpu();
        long start = System.nanoTime();
        try (InMemoryEventBus bus = new InMemoryEventBus()) {
            bus.subscribe("game.*", options, counter);
            while (System.nanoTime() - start < duration.toNanos()) {
                kills.forEach(bus::publish);
                published += kills.size();
            }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        return new Handled(published, counter.handled, seconds, cpu.seconds());
    }

    /** What the bus on Kafka publishes, between two runs of Kafka's tool with the same payload. */
    static Outcome kafka(Stand stand) {
        Outcome.Notes notes = new Outcome.Notes();
        EventCodec codec = new JsonEventCodec(REGISTRY);
        List<DomainEvent<Kill>> kills = kills();
        Path payload =
                stand.lines(
                        List.of(
                                new String(
                                        codec.encode(kills.getFirst()).data(),
                                        StandardCharsets.UTF_8)));
        try (KafkaLoad load = new KafkaLoad(stand.installation(), codec)) {
            KafkaLoad.Published warm = warmedUp(stand, load, kills);
            int events = Math.max(FEWEST, (int) (warm.rate() * stand.duration().toSeconds()));
            double before = tool(stand, payload, events);
            stand.say("publishing by the bus on Kafka");
            Cpu cpu = new Cpu();
            KafkaLoad.Published published;
            double kafka;
            try (Meter meter = stand.meter()) {
                published = load.publish(kills, stand.duration());
                kafka = meter.seconds().getOrDefault("kafka", 0.0) / published.events();
            }
            double own = cpu.seconds() / published.events();
            double tool = (before + tool(stand, payload, events)) / 2;
            notes.figure(Figure.told("published", published.rate(), "/s"));
            notes.figure(Figure.told("Kafka's producer tool beside it", tool, "/s"));
            notes.figure(
                    Figure.atLeast(
                            "of Kafka's producer tool",
                            Figure.ratio(published.rate(), tool),
                            "×",
                            0.7));
            notes.figure(Figure.told("CPU of an event", own * 1e6, "µs"));
            notes.figure(Figure.told("Kafka's CPU of an event", kafka * 1e6, "µs"));
            notes.finding(Finding.exactly("events on the topic", load.published(), load.onTopic()));
        }
        return notes.of("bus-kafka: one publisher, typed events as JSON, six partitions");
    }

    /** The last of so many rounds as it takes. */
    private static KafkaLoad.Published warmedUp(
            Stand stand, KafkaLoad load, List<DomainEvent<Kill>> kills) {
        stand.say("warming up the bus on Kafka");
        Warmth warmth = Warmth.own();
        KafkaLoad.Published last;
        do {
            last = load.publish(kills, stand.warmUp());
        } while (warmth.wantsMore());
        return last;
    }

    private static double tool(Stand stand, Path payload, int events) {
        stand.say("Kafka's producer tool");
        return KafkaYardstick.eventsPerSecond(stand.installation(), payload, events);
    }

    private static List<DomainEvent<Kill>> kills() {
        EventFactory events = new EventFactory(REGISTRY, InstantSource.system(), "bench", "bench");
        List<DomainEvent<Kill>> kills = new ArrayList<>(PLAYERS);
        for (int player = 0; player < PLAYERS; player++) {
            kills.add(
                    events.domain(
                            "player",
                            "p" + player,
                            new Kill("m-4711", "bow", 150, true, "x".repeat(NOTE_LENGTH))));
        }
        return kills;
    }
}
