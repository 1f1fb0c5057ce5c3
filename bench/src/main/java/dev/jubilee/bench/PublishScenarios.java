package dev.jubilee.bench;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Publishing, one event a request and in batches, the event store on. */
final class PublishScenarios {
    private static final int BATCH_CONNECTIONS = 16;
    private static final int SERVERS_EACH = 2;
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final int KAFKA_EVENTS = 2_000_000;
    private static final String STORED = "SELECT count(*) FROM bus.events WHERE source = ?";

    private PublishScenarios() {}

    /** The bare echo by itself. */
    static Outcome echo(Stand stand) {
        Outcome.Notes notes = new Outcome.Notes();
        Echo echo = stand.echo();
        Load load = echo.post(stand.file(Bodies.event("echo")));
        stand.say("warming up");
        echo.warmUp(stand.wrk(), load, stand.warmUp());
        stand.say("as fast as it goes");
        try (Meter meter = Meter.of("echo", echo.pid())) {
            LoadResult result = stand.wrk().saturate(load, stand.duration());
            notes.figure(Figure.told("throughput", result.throughput(), "/s"));
            notes.figure(Figure.told("p99", result.latency().p99() / 1000.0, "ms"));
            meter.seconds()
                    .forEach((name, seconds) ->
                            notes.figure(
                                    Figure.told(
                                            "CPU of " + name + " per request",
                                            seconds * 1e6 / Math.max(1, result.requests()),
                                            "µs")));
        }
        int rate = stand.rate(10_000);
        LoadResult steady = stand.wrk().steady(load, stand.duration(), rate);
        notes.figure(
                Figure.told("p99 at %,d/s".formatted(rate), steady.latency().p99() / 1000.0, "ms"));
        return notes.of("echo: the bare server, 350 bytes in, 120 bytes out");
    }

    /** One event a request. */
    static Outcome publish(Stand stand) {
        stand.topic();
        Outcome.Notes notes = new Outcome.Notes();
        String source = "bench-" + stand.run() + "-one";
        Path body = stand.file(Bodies.event(source));
        Load load = Load.same(stand.platform().bus(), "/events/publish", key(stand), body);
        Wrk wrk = stand.wrk().connections(stand.wrk().connections() * SERVERS_EACH);
        Phases phases = new Phases(stand, notes, "event", 1);
        double echo = stand.echoed(wrk, stand.echo().post(body));
        try (LagWatch lag = LagWatch.of(stand.installation(), Stand.TOPIC)) {
            phases.warmUp(wrk, load);
            lag.awaitCaughtUp(PATIENCE);
            lag.reset();
            double rate = phases.saturate(wrk, load, stand.duration(), 25_000);
            notes.figure(Figure.told("the bare echo beside it", echo, "/s"));
            notes.figure(Figure.atLeast("of the bare echo", Figure.ratio(rate, echo), "×", 0.30));
            caughtUp(stand, notes, lag, "after it");
            lag.reset();
            phases.steady(wrk, load, stand.duration(), stand.rate(10_000), 20);
            worst(notes, lag, Duration.ofSeconds(1));
            caughtUp(stand, notes, lag, "after that");
        }
        stored(stand, notes, phases, source);
        return notes.of("publish: one event a request, acks=all, event store on");
    }

    /** Batches of a hundred, ids made by the server. */
    static Outcome batch(Stand stand) {
        stand.topic();
        Outcome.Notes notes = new Outcome.Notes();
        String source = "bench-" + stand.run() + "-batch";
        String event = Bodies.event(source);
        Path body =
                stand.file(
                        "["
                                + String.join(
                                        ",", java.util.Collections.nCopies(Bodies.BATCH, event))
                                + "]");
        Load load = Load.same(stand.platform().bus(), "/events/publish/batch", key(stand), body);
        Wrk wrk = stand.wrk().connections(BATCH_CONNECTIONS);
        Phases phases = new Phases(stand, notes, "event", Bodies.BATCH);
        stand.say("Kafka's producer tool");
        double kafka =
                KafkaYardstick.eventsPerSecond(
                        stand.installation(), stand.lines(List.of(event)), KAFKA_EVENTS);
        try (LagWatch lag = LagWatch.of(stand.installation(), Stand.TOPIC)) {
            phases.warmUp(wrk, load);
            lag.awaitCaughtUp(PATIENCE);
            lag.reset();
            phases.steady(
                    wrk, load, stand.duration(), stand.rate(75_000), Double.POSITIVE_INFINITY);
            worst(notes, lag, Duration.ofSeconds(1));
            lag.awaitCaughtUp(PATIENCE);
            lag.reset();
            Duration burst = stand.duration().multipliedBy(3);
            double rate = phases.steady(wrk, load, burst, 100_000, Double.POSITIVE_INFINITY);
            notes.figure(
                    Figure.below(
                            "caught up after %d s of it".formatted(burst.toSeconds()),
                            lag.awaitCaughtUp(PATIENCE).toMillis() / 1000.0,
                            "s",
                            burst.toMillis() / 1000.0));
            lag.reset();
            double most = phases.saturate(wrk, load, stand.duration(), 100_000);
            notes.figure(Figure.told("Kafka's producer tool beside it", kafka, "/s"));
            notes.figure(
                    Figure.atLeast(
                            "of Kafka's producer tool",
                            Figure.ratio(Math.max(rate, most), kafka),
                            "×",
                            0.25));
            caughtUp(stand, notes, lag, "after that");
        }
        stored(stand, notes, phases, source);
        return notes.of("publish-batch: 100 events a request, event store on");
    }

    /** Batches of a hundred, each event with an id of its own. */
    static Outcome batchOfClientIds(Stand stand) {
        stand.topic();
        Outcome.Notes notes = new Outcome.Notes();
        String source = "bench-" + stand.run() + "-named";
        List<String> events = java.util.Collections.nCopies(Bodies.BATCH, Bodies.event(source));
        Path lines = stand.lines(events);
        URI bus = stand.platform().bus();
        Wrk wrk = stand.wrk().connections(BATCH_CONNECTIONS);
        Phases phases = new Phases(stand, notes, "event", Bodies.BATCH);
        String run = "bench-" + stand.run();
        try (LagWatch lag = LagWatch.of(stand.installation(), Stand.TOPIC)) {
            stand.say("warming up");
            Warmth warmth = stand.warmth();
            for (int i = 0; warmth.wantsMore(); i++) {
                String name = run + "-w" + i;
                phases.pile(
                        wrk,
                        Load.named(bus, "/events/publish/batch", key(stand), lines, name),
                        stand.warmUp());
            }
            lag.awaitCaughtUp(PATIENCE);
            lag.reset();
            Load steady = Load.named(bus, "/events/publish/batch", key(stand), lines, run + "-s");
            phases.steady(
                    wrk, steady, stand.duration(), stand.rate(45_000), Double.POSITIVE_INFINITY);
            worst(notes, lag, Duration.ofSeconds(1));
            lag.awaitCaughtUp(PATIENCE);
            lag.reset();
            Load most = Load.named(bus, "/events/publish/batch", key(stand), lines, run + "-m");
            phases.saturate(wrk, most, stand.duration(), 45_000);
            caughtUp(stand, notes, lag, "after it");
        }
        stored(stand, notes, phases, source);
        return notes.of(
                "publish-batch-client-ids: 100 events a request, each with an id of its own");
    }

    private static String key(Stand stand) {
        return stand.platform().adminKey();
    }

    private static void caughtUp(Stand stand, Outcome.Notes notes, LagWatch lag, String when) {
        stand.say("waiting for the consumers");
        Duration took = lag.awaitCaughtUp(PATIENCE);
        notes.figure(
                Figure.below(
                        "caught up " + when,
                        took.toMillis() / 1000.0,
                        "s",
                        PATIENCE.toMillis() / 1000.0));
    }

    /** Notes how far each consumer fell behind. */
    static void worst(Outcome.Notes notes, LagWatch lag, Duration limit) {
        Map<String, Duration> worst = lag.worst();
        for (Map.Entry<String, Duration> group : worst.entrySet()) {
            double seconds = group.getValue().toMillis() / 1000.0;
            String name = "most that " + group.getKey() + " was behind";
            notes.figure(Figure.below(name, seconds, "s", limit.toMillis() / 1000.0));
        }
        if (worst.isEmpty()) {
            notes.finding(Finding.exactly("consumers of the topic (1: some)", 1, 0));
        }
    }

    private static void stored(Stand stand, Outcome.Notes notes, Phases phases, String source) {
        phases.answers();
        stand.say("counting what is stored");
        long stored = stand.installation().count(STORED, source);
        long least = phases.acknowledged();
        notes.finding(new Finding("events stored", least, least + phases.underWay(), stored));
    }
}
