package dev.jubilee.bench;

import dev.jubilee.bench.client.Answer;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import tools.jackson.databind.JsonNode;

/** What was published, sent to another topic: while Kafka still holds it, and when it does not. */
final class ReplayScenario {
    private static final String TO = "bench.replayed";
    private static final int SLOTS = 8;
    private static final int WARM_UP = 200_000;
    private static final int EVENTS_A_SECOND = 40_000;
    private static final int FROM_STORE = 40_000;
    private static final int FROM_KAFKA = 60_000;
    private static final double MEMORY_LIMIT = 512;
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private final Stand stand;
    private final String from;
    private final MarkedLoad load;
    private final Outcome.Notes notes = new Outcome.Notes();

    /**
     * Each topic is dropped from Kafka in the end, which nobody may take for a topic that is held.
     */
    private ReplayScenario(Stand stand, String what) {
        this.stand = stand;
        this.from = "bench.replay-" + stand.run() + "-" + what;
        this.load = new MarkedLoad(from, SLOTS, Bodies.BATCH);
    }

    static Outcome run(Stand stand) {
        // The first replay is the program's warm-up.
        new ReplayScenario(stand, "warm-up").run(WARM_UP);
        return new ReplayScenario(stand, "measured")
                .run(EVENTS_A_SECOND * stand.duration().toSeconds());
    }

    private Outcome run(long events) {
        stand.topic(from);
        stand.topic(TO);
        stand.say("Kafka's producer tool");
        double kafka =
                KafkaYardstick.eventsPerSecond(
                        stand.installation(),
                        stand.lines(java.util.List.of(load.sample())),
                        Math.toIntExact(Math.max(500_000, events)));
        try (MarkedPublisher publisher = new MarkedPublisher(stand.platform(), load)) {
            replay(publisher, events, notes);
        } finally {
            stand.platform().busDelete("/topics/" + from + "?confirm=" + from + "&force=true");
        }
        notes.figure(Figure.told("Kafka's producer tool beside it", kafka, "/s"));
        return notes.of("replay: to a topic, from Kafka or the event store");
    }

    private void replay(MarkedPublisher publisher, long events, Outcome.Notes into) {
        Instant begin = Instant.now();
        int phase = publisher.nextPhase();
        stand.say("publishing %,d events".formatted(events));
        MarkedPublisher.Published published;
        try (LagWatch store = LagWatch.of(stand.installation(), from, Set.of("store"))) {
            published = publisher.all("bench-" + stand.run() + "-replay", events);
            store.awaitCaughtUp(PATIENCE);
        }
        into.figure(Figure.told("published before", published.rate(), "/s"));
        into.finding(Finding.exactly("requests refused", 0, published.errors()));
        replay("held by Kafka", begin, phase, published.events(), into);
        new TopicReader(stand.installation(), from).forget();
        replay("dropped by Kafka", begin, phase, published.events(), into);
    }

    private void replay(String what, Instant begin, int phase, long events, Outcome.Notes into) {
        TopicReader target = new TopicReader(stand.installation(), TO);
        Map<TopicPartition, Long> ends = target.ends();
        stand.say("replaying %,d events, %s".formatted(events, what));
        JsonNode done;
        try (Meter meter = stand.meter()) {
            done = awaitEnd(begin);
            Phases.cost(into, meter, "event " + what, events);
            Phases.memory(into, meter, what, MEMORY_LIMIT);
        }
        String source = done.path("source").asString("store");
        into.figure(
                Figure.atLeast(
                        "replayed, %s, from %s".formatted(what, source),
                        done.path("replayed").asLong(0) / seconds(done),
                        "/s",
                        source.equals("kafka") ? FROM_KAFKA : FROM_STORE));
        stand.say("reading what was replayed");
        Ledger ledger = new Ledger(phase, load.keys());
        target.read(ends, ledger);
        into.finding(Finding.exactly("matched, " + what, events, done.path("matched").asLong(-1)));
        into.finding(Finding.exactly("replayed, " + what, events, ledger.heard()));
        into.finding(Finding.exactly("twice, " + what, 0, ledger.again()));
        into.finding(Finding.exactly("out of their key's order, " + what, 0, ledger.outOfTurn()));
    }

    /** Starts one of everything since then, and returns what it says when it has ended. */
    private JsonNode awaitEnd(Instant begin) {
        Answer created =
                stand.platform()
                        .busPost(
                                "/replay",
                                Map.of(
                                        "topic", from,
                                        "start_time", begin.toString(),
                                        "target_topic", TO),
                                Map.of())
                        .expect("Asking for a replay");
        String path = "/replay/" + created.text("replay_id") + "/status";
        Waiting.until(PATIENCE, () -> !isUnderWay(status(path)));
        JsonNode done = status(path);
        if (!done.path("status").asString("").equals("completed")) {
            throw new BenchException("The replay ended otherwise than it should: " + done);
        }
        return done;
    }

    private JsonNode status(String path) {
        return stand.platform().busGet(path).expect("Asking how a replay is").body();
    }

    private static boolean isUnderWay(JsonNode replay) {
        return Set.of("pending", "running").contains(replay.path("status").asString(""));
    }

    /** From when it was asked for until the platform says that it was done, its wait included. */
    private static double seconds(JsonNode replay) {
        Instant asked = Instant.parse(replay.path("created_at").asString(""));
        Instant done = Instant.parse(replay.path("finished_at").asString(""));
        return Math.max(1, Duration.between(asked, done).toMillis()) / 1e3;
    }
}
