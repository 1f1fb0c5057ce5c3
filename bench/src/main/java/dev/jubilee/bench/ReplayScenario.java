package dev.jubilee.bench;

import dev.jubilee.bench.client.Answer;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
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
        new ReplayScenario(stand, "warm-up").warmUp();
        return new ReplayScenario(stand, "measured")
                .run(EVENTS_A_SECOND * stand.duration().toSeconds());
    }

    private void warmUp() {
        withTopics(publisher -> replay(publisher, WARM_UP, this::untilWarm));
    }

    /** Until the compilers have little to do: the measured one is over before they would be. */
    private void untilWarm(String what, Published published) {
        Warmth warmth = stand.warmth();
        while (warmth.wantsMore()) {
            replay(what, published);
        }
    }

    private void withTopics(Consumer<MarkedPublisher> work) {
        stand.topic(from);
        stand.topic(TO);
        try (MarkedPublisher publisher = new MarkedPublisher(stand.platform(), load)) {
            work.accept(publisher);
        } finally {
            stand.platform().busDelete("/topics/" + from + "?confirm=" + from + "&force=true");
        }
    }

    private Outcome run(long events) {
        stand.say("Kafka's producer tool");
        double kafka =
                KafkaYardstick.eventsPerSecond(
                        stand.installation(),
                        stand.lines(java.util.List.of(load.sample())),
                        Math.toIntExact(Math.max(500_000, events)));
        withTopics(publisher -> replay(publisher, events, this::replay));
        notes.figure(Figure.told("Kafka's producer tool beside it", kafka, "/s"));
        return notes.of("replay: to a topic, from Kafka or the event store");
    }

    /** What the two kinds of replay are of. */
    private record Published(Instant begin, int phase, long events) {}

    private void replay(
            MarkedPublisher publisher, long events, BiConsumer<String, Published> replaying) {
        Instant begin = Instant.now();
        int phase = publisher.nextPhase();
        stand.say("publishing %,d events".formatted(events));
        MarkedPublisher.Published published;
        try (LagWatch store = LagWatch.of(stand.installation(), from, Set.of("store"))) {
            published = publisher.all("bench-" + stand.run() + "-replay", events);
            store.awaitCaughtUp(PATIENCE);
        }
        notes.figure(Figure.told("published before", published.rate(), "/s"));
        notes.finding(Finding.exactly("requests refused", 0, published.errors()));
        Published all = new Published(begin, phase, published.events());
        replaying.accept("held by Kafka", all);
        new TopicReader(stand.installation(), from).forget();
        replaying.accept("dropped by Kafka", all);
    }

    private void replay(String what, Published published) {
        long events = published.events();
        TopicReader target = new TopicReader(stand.installation(), TO);
        Map<TopicPartition, Long> ends = target.ends();
        stand.say("replaying %,d events, %s".formatted(events, what));
        JsonNode done;
        try (Meter meter = stand.meter()) {
            done = awaitEnd(published.begin());
            Phases.cost(notes, meter, "event " + what, events);
            Phases.memory(notes, meter, what, MEMORY_LIMIT);
        }
        String source = done.path("source").asString("store");
        notes.figure(
                Figure.atLeast(
                        "replayed, %s, from %s".formatted(what, source),
                        done.path("replayed").asLong(0) / seconds(done),
                        "/s",
                        source.equals("kafka") ? FROM_KAFKA : FROM_STORE));
        stand.say("reading what was replayed");
        Ledger ledger = new Ledger(published.phase(), load.keys());
        target.read(ends, ledger);
        notes.finding(Finding.exactly("matched, " + what, events, done.path("matched").asLong(-1)));
        notes.finding(Finding.exactly("replayed, " + what, events, ledger.heard()));
        notes.finding(Finding.exactly("twice, " + what, 0, ledger.again()));
        notes.finding(Finding.exactly("out of their key's order, " + what, 0, ledger.outOfTurn()));
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
