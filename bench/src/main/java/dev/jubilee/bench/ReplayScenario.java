package dev.jubilee.bench;

import dev.jubilee.bench.client.Answer;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import tools.jackson.databind.JsonNode;

/** Events of the event store, sent to another topic. */
final class ReplayScenario {
    private static final String FROM = "bench.replay";
    private static final String TO = "bench.replayed";
    private static final int SLOTS = 8;
    private static final int FLOOR = 40_000;
    private static final double MEMORY_LIMIT = 512;
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private final Stand stand;
    private final MarkedLoad load = new MarkedLoad(FROM, SLOTS, Bodies.BATCH);
    private final Outcome.Notes notes = new Outcome.Notes();

    private ReplayScenario(Stand stand) {
        this.stand = stand;
    }

    static Outcome run(Stand stand) {
        return new ReplayScenario(stand).run();
    }

    private Outcome run() {
        stand.topic(FROM);
        stand.topic(TO);
        long events = FLOOR * stand.duration().toSeconds();
        stand.say("Kafka's producer tool");
        double kafka =
                KafkaYardstick.eventsPerSecond(
                        stand.installation(),
                        stand.lines(java.util.List.of(load.sample())),
                        Math.toIntExact(Math.max(500_000, events)));
        try (MarkedPublisher publisher = new MarkedPublisher(stand.platform(), load)) {
            // The first replay is the program's warm-up.
            replay(publisher, Math.min(events, 100_000), new Outcome.Notes(), kafka);
            replay(publisher, events, notes, kafka);
        }
        return notes.of("replay: from the event store to a topic");
    }

    private void replay(MarkedPublisher publisher, long events, Outcome.Notes into, double kafka) {
        Ledger ledger = new Ledger(publisher.nextPhase(), load.keys());
        Instant begin = Instant.now();
        stand.say("publishing %,d events".formatted(events));
        MarkedPublisher.Published published;
        try (LagWatch store = LagWatch.of(stand.installation(), FROM, Set.of("store"))) {
            published = publisher.all("bench-" + stand.run() + "-replay", events);
            store.awaitCaughtUp(PATIENCE);
        }
        TopicReader target = new TopicReader(stand.installation(), TO);
        Map<TopicPartition, Long> ends = target.ends();
        stand.say("replaying %,d events".formatted(published.events()));
        JsonNode done;
        try (Meter meter = stand.meter()) {
            done = awaitEnd(begin);
            Phases.cost(into, meter, "event", published.events());
            Phases.memory(into, meter, "", MEMORY_LIMIT);
        }
        double rate = done.path("replayed").asLong(0) / seconds(done);
        into.figure(Figure.atLeast("replayed", rate, "/s", FLOOR));
        into.figure(Figure.told("Kafka's producer tool beside it", kafka, "/s"));
        into.figure(Figure.told("of Kafka's producer tool", Figure.ratio(rate, kafka), "×"));
        into.figure(Figure.told("published before", published.rate(), "/s"));
        stand.say("reading what was replayed");
        target.read(ends, ledger);
        into.finding(Finding.exactly("requests refused", 0, published.errors()));
        into.finding(
                Finding.exactly(
                        "events that matched",
                        published.events(),
                        done.path("matched").asLong(-1)));
        into.finding(Finding.exactly("events replayed", published.events(), ledger.heard()));
        into.finding(Finding.exactly("events twice", 0, ledger.again()));
        into.finding(Finding.exactly("out of their key's order", 0, ledger.outOfTurn()));
    }

    /** Starts one of everything since then, and returns what it says when it has ended. */
    private JsonNode awaitEnd(Instant begin) {
        Answer created =
                stand.platform()
                        .busPost(
                                "/replay",
                                Map.of(
                                        "topic", FROM,
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
