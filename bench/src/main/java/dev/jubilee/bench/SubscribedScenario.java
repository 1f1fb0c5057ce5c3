package dev.jubilee.bench;

import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;

/** Publishing while many are subscribed, of whom few want what is published. */
final class SubscribedScenario {
    private static final String TOPIC = "bench.subscribed";
    private static final int SUBSCRIPTIONS = 1_000;
    private static final int MATCHING = 10;
    private static final int DELIVERIES = 2_000;
    private static final double MEMORY_LIMIT = 512;
    private static final double MEGABYTE = 1 << 20;
    private static final int MORE_THREADS = 50;
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String STORED =
            "SELECT count(*) FROM bus.events WHERE source = ANY (string_to_array(?, ','))";

    private final Stand stand;
    private final Outcome.Notes notes = new Outcome.Notes();
    private final Phases phases;
    private final Map<String, Set<String>> received = new ConcurrentHashMap<>();

    private SubscribedScenario(Stand stand) {
        this.stand = stand;
        this.phases = new Phases(stand, notes, "event", 1).within(MEMORY_LIMIT);
    }

    /** One event a request, first without and then with subscriptions. */
    static Outcome publish(Stand stand) {
        return new SubscribedScenario(stand).run();
    }

    private Outcome run() {
        stand.topic(TOPIC);
        Load first = load("without", DELIVERIES);
        try (LagWatch store = LagWatch.of(stand.installation(), TOPIC, Set.of("store"))) {
            double warm = warmUp(first);
            store.awaitCaughtUp(PATIENCE);
            // Of so many events one matches, with subscriptions or without.
            int oneIn = Math.max(1, (int) Math.round(warm / DELIVERIES));
            double without;
            long memory;
            long threads;
            try (Meter meter = stand.meter()) {
                without =
                        phases.saturate(
                                stand.wrk(), load("without", oneIn), stand.duration(), "without");
                threads = meter.threads();
                memory = meter.mostMemory();
            }
            store.awaitCaughtUp(PATIENCE);
            subscribed(oneIn, without, memory, threads);
        }
        phases.answers();
        long stored =
                stand.installation()
                        .count(STORED, sources("without") + "," + sources("subscribed"));
        long least = phases.acknowledged();
        notes.finding(new Finding("events stored", least, least + phases.underWay(), stored));
        return notes.of(
                "publish-subscribed: one event a request, without and with 1,000 subscriptions");
    }

    /** Returns the rate of the last round. */
    private double warmUp(Load load) {
        stand.say("warming up");
        Warmth warmth = stand.warmth();
        double rate = 0;
        while (warmth.wantsMore()) {
            rate = phases.pile(stand.wrk(), load, stand.warmUp()).throughput();
        }
        return rate;
    }

    private void subscribed(int oneIn, double without, long memory, long threads) {
        Vertx vertx = MarkedPublisher.oneLoop();
        try (Endpoint endpoint =
                        new Endpoint(
                                vertx,
                                (path, id, body, now) ->
                                        received.computeIfAbsent(
                                                        path, p -> ConcurrentHashMap.newKeySet())
                                                .add(id));
                Subscriptions subscriptions = new Subscriptions(stand.platform())) {
            subscribe(subscriptions, endpoint);
            Load load = load("subscribed", oneIn);
            warmUp(load);
            awaitMatching();
            long before = delivered();
            try (LagWatch delivery = LagWatch.of(stand.installation(), TOPIC, Set.of("delivery"));
                    Meter meter = stand.meter()) {
                double with = phases.saturate(stand.wrk(), load, stand.duration(), "subscribed");
                notes.figure(
                        Figure.atLeast(
                                "of what it is without", Figure.ratio(with, without), "×", 0.85));
                notes.figure(Figure.told("deliveries that matched", with / oneIn, "/s"));
                notes.figure(
                        Figure.told(
                                "delivered meanwhile",
                                (delivered() - before) / (double) stand.duration().toSeconds(),
                                "/s"));
                notes.figure(
                        Figure.below(
                                "memory grew by",
                                (meter.mostMemory() - memory) / MEGABYTE,
                                "MB",
                                200));
                notes.figure(
                        Figure.below(
                                "threads more",
                                meter.threads() - (double) threads,
                                "",
                                MORE_THREADS));
                delivery.worst()
                        .forEach((group, lag) ->
                                notes.figure(
                                        Figure.told(
                                                "most that routing was behind",
                                                lag.toMillis() / 1e3,
                                                "s")));
                stand.say("waiting for the deliveries");
                delivery.awaitCaughtUp(PATIENCE);
            }
            findings();
        } finally {
            vertx.close().await();
        }
    }

    /** Everything that matched has arrived, and nothing else did. */
    private void findings() {
        long wanted = awaitMatching();
        notes.finding(Finding.exactly("events delivered that match", wanted, delivered()));
        long others =
                received.entrySet().stream()
                        .filter(entry -> !entry.getKey().startsWith("/match"))
                        .mapToLong(entry -> entry.getValue().size())
                        .sum();
        notes.finding(Finding.exactly("events delivered that do not match", 0, others));
    }

    /** Until those that match have arrived, if they ever do; returns how many they are. */
    private long awaitMatching() {
        try (LagWatch store = LagWatch.of(stand.installation(), TOPIC, Set.of("store"))) {
            store.awaitCaughtUp(PATIENCE);
        }
        long wanted = stand.installation().count(STORED, source("subscribed") + "-match");
        Waiting.until(PATIENCE, () -> delivered() >= wanted);
        return wanted;
    }

    private long delivered() {
        return received.entrySet().stream()
                .filter(entry -> entry.getKey().startsWith("/match"))
                .mapToLong(entry -> entry.getValue().size())
                .sum();
    }

    private void subscribe(Subscriptions subscriptions, Endpoint endpoint) {
        stand.say("subscribing %,d times".formatted(SUBSCRIPTIONS));
        long start = System.nanoTime();
        IntStream.range(0, SUBSCRIPTIONS)
                .parallel()
                .forEach(i -> subscriptions.add(subscription(i, endpoint)));
        notes.figure(Figure.told("time to subscribe", (System.nanoTime() - start) / 1e9, "s"));
    }

    /** Ten that get a part of what matches; of the rest each third is kept away by another rule. */
    private static Map<String, Object> subscription(int i, Endpoint endpoint) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("topic_pattern", TOPIC);
        boolean matches = i < MATCHING;
        // Half of the others take their events themselves.
        if (matches || i % 2 == 0) {
            all.put("method", "webhook");
            all.put("endpoint", endpoint.url(matches ? "/match-" + i : "/other-" + i));
        } else {
            all.put("method", "sse");
        }
        if (matches) {
            all.put("filter", Map.of("data", Map.of("squad", List.of("squad-" + i))));
        } else if (i % 3 == 0) {
            all.put("topic_pattern", "bench.elsewhere-" + i + ".*");
        } else if (i % 3 == 1) {
            all.put("event_types", List.of("game.chat.*", "game.match.start-" + i));
        } else {
            all.put(
                    "filter",
                    Map.of(
                            "data",
                            Map.of(
                                    "squad", List.of("nobody-" + i),
                                    "duration", List.of(Map.of("numeric", List.of(">", i))))));
        }
        return all;
    }

    private String source(String phase) {
        return "bench-" + stand.run() + "-" + phase;
    }

    private String sources(String phase) {
        return source(phase) + "," + source(phase) + "-match";
    }

    /** Events of which one in so many is for one of the ten. */
    private Load load(String phase, int oneIn) {
        List<String> events = new ArrayList<>();
        for (int squad = 0; squad < MATCHING; squad++) {
            events.add(event(source(phase) + "-match", "squad-" + squad));
            for (int i = 1; i < oneIn; i++) {
                events.add(event(source(phase), "none"));
            }
        }
        Path lines = stand.lines(events);
        return Load.bodies(
                stand.platform().bus(), "/events/publish", stand.platform().adminKey(), lines);
    }

    /** An event of 350 bytes. */
    private static String event(String source, String squad) {
        return Bodies.event(TOPIC, source, "high", "\"squad\":\"" + squad + "\",\"duration\":1800");
    }
}
