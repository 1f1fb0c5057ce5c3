package dev.jubilee.bench;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/** What was published while the event store stood still, and how fast it is stored after that. */
final class CatchUpScenario {
    private static final String TOPIC = "bench.catch-up";
    private static final int SLOTS = 8;
    private static final int EVENTS_A_SECOND = 100_000;
    private static final int FLOOR = 80_000;
    private static final int WARM_UP = 100_000;
    private static final double MEMORY_LIMIT = 512;
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final String STORE = "store";

    private static final String STORED = "SELECT count(*) FROM bus.events WHERE source = ?";
    private static final String DISTINCT =
            """
            SELECT count(DISTINCT substring(payload FROM '"mark":"([0-9]{16})'))
            FROM bus.events WHERE source = ?
            """;

    /** By the id, which readers sort by, and by when it was stored: both as it was published. */
    private static final String OUT_OF_ORDER =
            """
            WITH marked AS (
                SELECT key, id, processed_at, substring(payload FROM '"mark":"([0-9]{16})') AS mark
                FROM bus.events WHERE source = ?
            ), beside AS (
                SELECT mark, processed_at,
                    lag(mark) OVER (PARTITION BY key ORDER BY id) AS mark_before,
                    lag(processed_at) OVER (PARTITION BY key ORDER BY id) AS stored_before
                FROM marked
            )
            SELECT count(*) FROM beside WHERE mark <= mark_before OR processed_at < stored_before
            """;

    private final Stand stand;
    private final Outcome.Notes notes = new Outcome.Notes();
    private final MarkedLoad load = new MarkedLoad(TOPIC, SLOTS, Bodies.BATCH);

    private CatchUpScenario(Stand stand) {
        this.stand = stand;
    }

    static Outcome run(Stand stand) {
        return new CatchUpScenario(stand).run();
    }

    private Outcome run() {
        stand.topic(TOPIC);
        long events = EVENTS_A_SECOND * stand.duration().toSeconds();
        String source = "bench-" + stand.run() + "-behind";
        MarkedPublisher.Published published;
        try (LagWatch store = LagWatch.of(stand.installation(), TOPIC, Set.of(STORE));
                MarkedPublisher publisher = new MarkedPublisher(stand.platform(), load)) {
            stand.say("warming up");
            publisher.all("bench-" + stand.run() + "-warm", Math.min(events, WARM_UP));
            store.awaitCaughtUp(PATIENCE);
            Map<TopicPartition, Long> ends = reader().ends();
            Ledger ledger = new Ledger(publisher.nextPhase(), load.keys());
            try (ConsumerHold hold = new ConsumerHold(stand.installation(), STORE, TOPIC)) {
                stand.say("publishing %,d events while the store is held".formatted(events));
                published = publisher.all(source, events);
                notes.figure(Figure.told("published meanwhile", published.rate(), "/s"));
                stand.say("reading them from Kafka alone");
                double alone = reader().read(ends, ledger);
                notes.figure(Figure.told("reading the topic alone beside it", alone, "/s"));
                notes.finding(
                        Finding.exactly("stored while it was held", 0, count(STORED, source)));
                catchUp(hold, store, published.events());
            }
        }
        stand.say("looking at what was stored");
        notes.finding(Finding.exactly("requests refused", 0, published.errors()));
        notes.finding(Finding.exactly("events stored", published.events(), count(STORED, source)));
        notes.finding(
                Finding.exactly("of them different", published.events(), count(DISTINCT, source)));
        notes.finding(Finding.exactly("out of their key's order", 0, count(OUT_OF_ORDER, source)));
        return notes.of("store-catch-up: what was published while the event store stood still");
    }

    private void catchUp(ConsumerHold hold, LagWatch store, long events) {
        long behind = store.behind();
        stand.say("the store is %,d events behind and goes on".formatted(behind));
        notes.figure(Figure.told("behind when it went on", (double) behind, "events"));
        try (Meter meter = stand.meter()) {
            long start = System.nanoTime();
            hold.release();
            store.awaitCaughtUp(PATIENCE);
            double seconds = (System.nanoTime() - start) / 1e9;
            notes.figure(Figure.told("time to catch up", seconds, "s"));
            notes.figure(Figure.atLeast("caught up at", events / seconds, "/s", FLOOR));
            Phases.cost(notes, meter, "event", events);
            Phases.memory(notes, meter, "", MEMORY_LIMIT);
        }
    }

    private TopicReader reader() {
        return new TopicReader(stand.installation(), TOPIC);
    }

    private long count(String sql, String source) {
        return stand.installation().count(sql, source);
    }
}
