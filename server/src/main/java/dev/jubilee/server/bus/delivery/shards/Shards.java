package dev.jubilee.server.bus.delivery.shards;

import dev.jubilee.server.bus.delivery.attempts.Recorder;
import dev.jubilee.server.bus.delivery.pending.PendingStore;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.subscriptions.SubscriptionDirectory;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.scheduling.PeriodicTask;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Divides the subscriptions among the instances, so that one instance delivers to each: that keeps
 * order, rates and circuits. An instance without a heartbeat for five seconds is deposed, and
 * others take its shards; by then it has stopped sending, a second earlier by its own clock. An
 * instance with more than its part gives the rest away when none of their requests is under way;
 * its heartbeat goes on meanwhile. Thread-safe.
 */
public final class Shards implements AutoCloseable {
    static final int COUNT = 16;

    public static final Patience PATIENCE =
            new Patience(Duration.ofSeconds(15), Duration.ofSeconds(10));

    private static final Logger log = LoggerFactory.getLogger(Shards.class);

    /** A second less than others wait before they depose an instance. */
    private static final Duration ALIVE = Duration.ofSeconds(4);

    /** After such a gap between two heartbeats, those of others may have been kept away as well. */
    private static final Duration LATE = Duration.ofSeconds(3);

    /** How long an instance that has just registered waits before it deposes others. */
    private static final Duration LISTENING = Duration.ofSeconds(5);

    private final Database database;
    private final SubscriptionDirectory directory;
    private final Ownership ownership;
    private final List<ShardWork> work;
    private final Recorder recorder;
    private final Patience patience;
    private final Set<Integer> stubborn = new HashSet<>();
    private final Object taking = new Object();
    private final ScheduledExecutorService beating = thread("delivery-heartbeat");
    private final ScheduledExecutorService ticking = thread("delivery-shards");
    private volatile Standing standing = new Standing(Instant.EPOCH, Instant.MAX);

    /**
     * How long to wait.
     *
     * @param draining for requests under way to end, before their shards are given away
     * @param hearing after an outage, for heartbeats of other instances: a pool connects every 5 s
     */
    record Patience(Duration draining, Duration hearing) {}

    /** When this instance's heartbeat was last recorded, and from when on it may depose others. */
    private record Standing(Instant seenAt, Instant judgesFrom) {
        boolean mayJudge() {
            return !seenAt.isBefore(judgesFrom);
        }
    }

    public Shards(
            Database database,
            SubscriptionDirectory directory,
            Ownership ownership,
            List<ShardWork> work,
            Recorder recorder,
            Patience patience) {
        this.database = database;
        this.directory = directory;
        this.ownership = ownership;
        this.work = List.copyOf(work);
        this.recorder = recorder;
        this.patience = patience;
    }

    private static ScheduledExecutorService thread(String name) {
        return Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().name(name).daemon().factory());
    }

    public void start() {
        beat();
        tick();
        PeriodicTask.named("heartbeat", this::beat)
                .repeat(beating, Duration.ofSeconds(1), Duration.ofSeconds(1));
        PeriodicTask.named("shard rebalancing", this::tick)
                .repeat(ticking, Duration.ofSeconds(1), Duration.ofSeconds(1));
    }

    /** Finishes what is under way, but does not wait for it for ever. */
    @Override
    public void close() {
        ticking.shutdownNow();
        try {
            giveAllAway();
        } catch (RuntimeException e) {
            log.warn("others will notice in five seconds that this instance ended", e);
        } finally {
            beating.shutdownNow();
        }
    }

    private void beat() {
        UUID me = ownership.instance();
        long began = System.nanoTime();
        ShardStore.Beat beat = database.read(connection -> ShardStore.beat(connection, me));
        if (beat == null) {
            beginAnew(me);
            return;
        }
        boolean late = beat.gap().compareTo(LATE) > 0;
        Instant judgesFrom = late ? beat.at().plus(patience.hearing()) : standing.judgesFrom();
        standing = new Standing(beat.at(), judgesFrom);
        if (ownership.live(began + ALIVE.toNanos())) {
            // It had stopped sending, and nothing else tells it to go on.
            Set<Integer> mine = ownership.tenure().shards();
            work.forEach(one -> one.takeOver(mine));
        }
    }

    private void beginAnew(UUID former) {
        if (!ownership.tenure().shards().isEmpty()) {
            log.warn("this instance was taken for dead; its deliveries are others' now");
        }
        synchronized (taking) {
            ownership.deposed(former);
            work.forEach(ShardWork::drop);
        }
        UUID me = ownership.instance();
        long began = System.nanoTime();
        Instant at = database.transaction(connection -> ShardStore.register(connection, me));
        standing = new Standing(at, at.plus(LISTENING));
        ownership.live(began + ALIVE.toNanos());
    }

    private synchronized void tick() {
        Ownership.Tenure tenure = ownership.tenure();
        UUID me = tenure.instance();
        Set<Integer> mine = tenure.shards();
        Standing now = standing;
        int instances =
                database.transaction(connection -> {
                    if (now.mayJudge()) {
                        ShardStore.depose(connection, me, now.seenAt());
                    }
                    return ShardStore.free(connection);
                });
        // Of a claim or a hand-over of which only half went through.
        Set<Integer> strays = database.read(c -> ShardStore.strays(c, me, mine));
        if (!strays.isEmpty()) {
            handBack(me, strays);
        }
        int part = (COUNT + instances - 1) / instances;
        if (mine.size() < part) {
            claim(me, part - mine.size());
        } else if (mine.size() > part) {
            giveAway(me, mine, mine.size() - part);
        }
    }

    private void claim(UUID me, int most) {
        directory.refresh();
        Set<Integer> claimed =
                database.transaction(connection -> {
                    Set<Integer> got = ShardStore.claim(connection, me, most);
                    if (!got.isEmpty()) {
                        List<UUID> theirs = pushed(got);
                        PendingStore.giveBack(connection, theirs);
                        ShardStore.closeCircuits(connection, theirs);
                    }
                    return got;
                });
        if (!claimed.isEmpty()) {
            take(me, claimed);
        }
    }

    private void take(UUID me, Set<Integer> shards) {
        synchronized (taking) {
            if (ownership.gain(me, shards)) {
                work.forEach(one -> one.takeOver(shards));
            }
        }
    }

    private void giveAway(UUID me, Set<Integer> mine, int count) {
        // Those that did not end the last time come last.
        Set<Integer> surplus =
                Set.copyOf(
                        mine.stream()
                                .sorted(Comparator.comparing(stubborn::contains))
                                .limit(count)
                                .toList());
        Set<Integer> drained = drain(me, surplus);
        Set<Integer> kept = new HashSet<>(surplus);
        kept.removeAll(drained);
        stubborn.removeAll(drained);
        stubborn.addAll(kept);
        if (!kept.isEmpty()) {
            log.warn("deliveries of shards {} do not end; they stay here for now", kept);
            take(me, kept);
        }
        leave(me, drained);
    }

    private synchronized void giveAllAway() {
        Ownership.Tenure tenure = ownership.tenure();
        leave(tenure.instance(), drain(tenure.instance(), tenure.shards()));
        recorder.flush();
        database.transaction(connection -> ShardStore.leave(connection, tenure.instance()));
    }

    /** Begins nothing more for these; returns those of which nothing is under way in the end. */
    private Set<Integer> drain(UUID me, Set<Integer> shards) {
        if (!ownership.lose(me, shards)) {
            return Set.of();
        }
        Map<Integer, CompletableFuture<Void>> draining = new HashMap<>();
        shards.forEach(shard -> draining.put(shard, drain(shard)));
        await(draining.values().toArray(CompletableFuture[]::new));
        Set<Integer> drained = new HashSet<>();
        draining.forEach((shard, done) -> {
            if (done.isDone()) {
                drained.add(shard);
            }
        });
        return drained;
    }

    private void leave(UUID me, Set<Integer> shards) {
        if (!shards.isEmpty()) {
            await(work.stream().map(w -> w.leave(shards)).toArray(CompletableFuture[]::new));
            recorder.flush();
            handBack(me, shards);
        }
    }

    private CompletableFuture<Void> drain(Integer shard) {
        return CompletableFuture.allOf(
                work.stream()
                        .map(one -> one.drain(Set.of(shard)))
                        .toArray(CompletableFuture[]::new));
    }

    /** Waits for all of them, but not for ever. */
    private void await(CompletableFuture<?>[] steps) {
        try {
            CompletableFuture.allOf(steps)
                    .get(patience.draining().toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException e) {
            // The caller looks which of them have ended.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Frees those of the shards that are still this instance's, by PostgreSQL. */
    private void handBack(UUID me, Set<Integer> shards) {
        // What was placed while they were still mine is committed, or never will be.
        database.transaction(connection -> PendingStore.awaitRouting(connection, me));
        database.transaction(connection -> {
            Set<Integer> left = ShardStore.release(connection, me, shards);
            PendingStore.giveBack(connection, pushed(left));
            return left;
        });
    }

    private List<UUID> pushed(Set<Integer> shards) {
        return directory.index().all().stream()
                .filter(Subscription::isPushed)
                .map(Subscription::id)
                .filter(id -> shards.contains(Ownership.shardOf(id)))
                .toList();
    }
}
