package dev.jubilee.bench;

import dev.jubilee.events.store.CatchUpSubscription;
import dev.jubilee.events.store.StoredEvent;
import dev.jubilee.events.store.SubscriptionSettings;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** The library's event store by itself, in the platform's PostgreSQL. */
final class EventStoreScenarios {
    private static final int MANY = 64;
    private static final int FEW = 16;
    private static final int PAGE = 2_000;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private EventStoreScenarios() {}

    /** Single events from many writers, while a subscription follows. */
    static Outcome append(Stand stand) {
        Outcome.Notes notes = new Outcome.Notes();
        try (EventLog log = new EventLog(stand.installation())) {
            double alone = alone(stand, log);
            warmUp(stand, log, MANY, 1);
            long before = log.store.lastPosition();
            stand.say("appending, 64 writers");
            Written written = log.write(MANY, 1, stand.duration());
            notes.figure(Figure.atLeast("appends", written.rate(), "/s", 20_000));
            notes.figure(Figure.told("one transaction an append beside it", alone, "/s"));
            notes.figure(
                    Figure.told(
                            "of one transaction an append",
                            Figure.ratio(written.rate(), alone),
                            "×"));
            notes.figure(Figure.told("p50", written.milliseconds(0.5), "ms"));
            notes.figure(Figure.below("p99", written.milliseconds(0.99), "ms", 20));
            long stored = log.store.lastPosition() - before;
            notes.finding(Finding.exactly("positions given", written.appends(), stored));
            notes.finding(
                    Finding.exactly(
                            "events stored", log.store.lastPosition(), EventLog.stored(stand)));
        }
        return notes.of("store-append: single events from 64 writers, each with its own stream");
    }

    /** Single events from few writers, beside a transaction for each. */
    static Outcome appendBesideAlone(Stand stand) {
        Outcome.Notes notes = new Outcome.Notes();
        try (EventLog log = new EventLog(stand.installation())) {
            double alone = alone(stand, log);
            warmUp(stand, log, FEW, 1);
            stand.say("appending, 16 writers");
            Written written = log.write(FEW, 1, stand.duration());
            notes.figure(Figure.told("appends", written.rate(), "/s"));
            notes.figure(Figure.told("one transaction an append beside it", alone, "/s"));
            notes.figure(
                    Figure.atLeast(
                            "of one transaction an append",
                            Figure.ratio(written.rate(), alone),
                            "×",
                            5));
            notes.figure(Figure.below("p99", written.milliseconds(0.99), "ms", 20));
            notes.finding(
                    Finding.exactly(
                            "events stored", log.store.lastPosition(), EventLog.stored(stand)));
        }
        return notes.of("store-append-16: single events from 16 writers, each with its own stream");
    }

    /** As many connections as the store may use; more make it no faster. */
    private static double alone(Stand stand, EventLog log) {
        AppendYardstick yardstick = new AppendYardstick(log.pool);
        stand.say("one transaction an append, 16 writers");
        yardstick.appendsPerSecond(FEW, stand.warmUp());
        return yardstick.appendsPerSecond(FEW, stand.duration());
    }

    /** Batches of a hundred, and then everything read from the start. */
    static Outcome batch(Stand stand) {
        Outcome.Notes notes = new Outcome.Notes();
        try (EventLog log = new EventLog(stand.installation())) {
            TableYardstick table = new TableYardstick(log.pool, PAGE);
            table.create();
            stand.say("COPY of 100 rows at a time, 16 writers");
            table.copy(FEW, Bodies.BATCH, stand.warmUp());
            Written copied = table.copy(FEW, Bodies.BATCH, stand.duration());
            warmUp(stand, log, FEW, Bodies.BATCH);
            stand.say("appending batches of 100, 16 writers");
            Written written = log.write(FEW, Bodies.BATCH, stand.duration());
            notes.figure(Figure.atLeast("events", written.rate() * Bodies.BATCH, "/s", 60_000));
            notes.figure(
                    Figure.told("COPY beside it, as rows", copied.rate() * Bodies.BATCH, "/s"));
            notes.figure(Figure.told("of COPY", Figure.ratio(written.rate(), copied.rate()), "×"));
            notes.figure(Figure.told("p99 of a batch", written.milliseconds(0.99), "ms"));
            long all = log.store.lastPosition();
            notes.finding(Finding.exactly("events stored", all, EventLog.stored(stand)));
            stand.say("reading all %,d events".formatted(all));
            double bare = rate(all, table::readAll, notes);
            double read = rate(all, () -> readAll(log), notes);
            notes.figure(Figure.atLeast("events read from the start", read, "/s", 200_000));
            notes.figure(Figure.told("bare SELECTs of the same rows beside it", bare, "/s"));
            notes.figure(Figure.told("of bare SELECTs", Figure.ratio(read, bare), "×"));
        }
        return notes.of("store-batch: 100 events an append from 16 writers, then all read");
    }

    /** What is read in a second, the second time. */
    private static double rate(long all, LongSupplier reading, Outcome.Notes notes) {
        var _ = reading.getAsLong();
        long start = System.nanoTime();
        long read = reading.getAsLong();
        double seconds = (System.nanoTime() - start) / 1e9;
        notes.finding(Finding.exactly("events read", all, read));
        return read / seconds;
    }

    /** How far a subscription falls behind while many write. */
    static Outcome lag(Stand stand) {
        Outcome.Notes notes = new Outcome.Notes();
        try (EventLog log = new EventLog(stand.installation())) {
            double bare = lagOfSelects(stand, log);
            AtomicLong worst = new AtomicLong();
            AtomicLong handled = new AtomicLong();
            SubscriptionSettings settings = SubscriptionSettings.of("bench", "bench");
            try (CatchUpSubscription subscription =
                    CatchUpSubscription.start(
                            log.store,
                            log.checkpoints(),
                            settings.withBatchSize(PAGE),
                            (events, lease) -> {
                                handled.addAndGet(events.size());
                                worst.accumulateAndGet(age(events.getFirst()), Math::max);
                            })) {
                warmUp(stand, log, MANY, 1);
                await(log, subscription);
                worst.set(0);
                stand.say("appending, 64 writers, one subscription");
                Written written = log.write(MANY, 1, stand.duration());
                notes.figure(Figure.told("appends meanwhile", written.rate(), "/s"));
                notes.figure(Figure.told("their p99", written.milliseconds(0.99), "ms"));
                await(log, subscription);
                double waited = worst.get() / 1e3;
                notes.figure(Figure.below("the oldest that waited", waited, "s", 1));
                notes.figure(Figure.told("with bare SELECTs in a loop beside it", bare, "s"));
                notes.figure(
                        Figure.told("of bare SELECTs in a loop", Figure.ratio(waited, bare), "×"));
            }
            notes.finding(
                    Finding.exactly("events handled", log.store.lastPosition(), handled.get()));
        }
        return notes.of("store-lag: a subscription that follows 64 writers");
    }

    /** How old the oldest row is that nothing but SELECTs sees, while as many write. */
    private static double lagOfSelects(Stand stand, EventLog log) {
        TableYardstick table = new TableYardstick(log.pool, PAGE);
        try (TableYardstick.Follower follower = table.new Follower()) {
            warmUp(stand, log, MANY, 1);
            follower.await(log.store.lastPosition(), PATIENCE);
            follower.forget();
            stand.say("appending, 64 writers, SELECTs in a loop");
            var _ = log.write(MANY, 1, stand.duration());
            follower.await(log.store.lastPosition(), PATIENCE);
            return follower.worst();
        }
    }

    /** The same appends by Axon Framework's storage of the same PostgreSQL, in the same pool. */
    static Outcome besideAxon(Stand stand) {
        Outcome.Notes notes = new Outcome.Notes();
        try (EventLog log = new EventLog(stand.installation());
                AxonStorage axon = new AxonStorage(log.pool)) {
            warmUp(stand, log, MANY, 1);
            warmUp(stand, () -> axon.write(MANY, stand.warmUp()));
            Written theirs =
                    measured(stand, notes, "Axon", () -> axon.write(MANY, stand.duration()));
            Written ours =
                    measured(stand, notes, "Jubilee", () -> log.write(MANY, 1, stand.duration()));
            notes.figure(
                    Figure.told(
                            "of Axon's appends", Figure.ratio(ours.rate(), theirs.rate()), "×"));
            notes.finding(
                    Finding.exactly(
                            "events stored", log.store.lastPosition(), EventLog.stored(stand)));
            notes.finding(Finding.exactly("events stored by Axon", axon.appends(), axon.stored()));
        }
        return notes.of(
                "store-axon: single events from 64 writers, beside Axon Framework's JPA storage");
    }

    private static Written measured(
            Stand stand, Outcome.Notes notes, String who, Supplier<Written> writing) {
        stand.say("appending by " + who + ", 64 writers");
        try (Meter meter = stand.meter()) {
            Cpu cpu = new Cpu();
            Written written = writing.get();
            double own = cpu.seconds() / written.appends();
            double database = meter.seconds().getOrDefault("postgresql", 0.0) / written.appends();
            notes.figure(Figure.told(who + ": appends", written.rate(), "/s"));
            notes.figure(Figure.told(who + ": p99", written.milliseconds(0.99), "ms"));
            notes.figure(Figure.told(who + ": CPU an append", own * 1e6, "µs"));
            notes.figure(Figure.told(who + ": PostgreSQL's CPU an append", database * 1e6, "µs"));
            return written;
        }
    }

    private static void warmUp(Stand stand, EventLog log, int writers, int events) {
        warmUp(stand, () -> log.write(writers, events, stand.warmUp()));
    }

    private static void warmUp(Stand stand, Supplier<Written> round) {
        stand.say("warming up");
        Warmth warmth = Warmth.own();
        while (warmth.wantsMore()) {
            var _ = round.get();
        }
    }

    private static long readAll(EventLog log) {
        long read = 0;
        long position = 0;
        while (true) {
            List<StoredEvent> page = log.store.getAllEvents(position, PAGE);
            if (page.isEmpty()) {
                return read;
            }
            read += page.size();
            position = page.getLast().position();
        }
    }

    /** In milliseconds; an event's time is when its writer began to append it. */
    private static long age(StoredEvent stored) {
        return Duration.between(stored.event().time(), Instant.now()).toMillis();
    }

    private static void await(EventLog log, CatchUpSubscription subscription) {
        try {
            if (!subscription.awaitPosition(log.store.lastPosition(), PATIENCE)) {
                throw new BenchException("The subscription has not caught up in " + PATIENCE);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted", e);
        }
    }
}
