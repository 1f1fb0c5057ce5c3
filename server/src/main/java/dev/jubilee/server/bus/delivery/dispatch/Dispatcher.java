package dev.jubilee.server.bus.delivery.dispatch;

import dev.jubilee.events.EventId;
import dev.jubilee.server.bus.delivery.attempts.DeliveryMetrics;
import dev.jubilee.server.bus.delivery.attempts.Recorder;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.pending.DeliveryLoader;
import dev.jubilee.server.bus.delivery.routing.DeliveryPlacer;
import dev.jubilee.server.bus.delivery.routing.Placement;
import dev.jubilee.server.bus.delivery.sending.Sender;
import dev.jubilee.server.bus.delivery.sending.Shipment;
import dev.jubilee.server.bus.delivery.shards.Ownership;
import dev.jubilee.server.bus.delivery.shards.ShardWork;
import dev.jubilee.server.bus.delivery.windows.DeliveryWindow;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.subscriptions.SubscriptionDirectory;
import dev.jubilee.server.http.client.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides what is sent when. One thread does it for all subscriptions: what happens (a delivery, an
 * answer, a change) is told to it, and what time brings is due in its timers; a subscription with
 * nothing to do costs nothing. It never waits for the network or the database. Thread-safe.
 */
public final class Dispatcher implements ShardWork, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Dispatcher.class);
    private static final Duration RECORDER_PAUSE = Duration.ofMillis(50);
    private static final Duration AFTER_FAULT = Duration.ofSeconds(1);

    private final DeliveryPlacer placer;
    private final SubscriptionDirectory directory;
    private final Sender sender;
    private final Recorder recorder;
    private final OutcomeHandler outcomes;
    private final InstantSource clock;
    private final Gone gone;
    private final int perEndpoint;
    private final BlockingQueue<Runnable> mailbox = new LinkedBlockingQueue<>();
    private final Map<UUID, SubscriberQueue> open = new HashMap<>();
    private final Set<UUID> dirty = new LinkedHashSet<>();
    private final QueueTimers timers = new QueueTimers();
    private final Set<Integer> draining = new LinkedHashSet<>();
    private final Thread thread;
    private final KeyParking parking;
    private final BacklogLoader loader;
    private volatile boolean closed;
    private final AtomicInteger inFlight = new AtomicInteger();

    /** Disables the subscription of an endpoint that asked never to be called again (410). */
    @FunctionalInterface
    public interface Gone {
        /**
         * Disables the subscription, unless somebody has changed it since. Must not block.
         *
         * @param seen the subscription as it was when the endpoint was called
         * @return completes when the directory knows of it
         */
        CompletableFuture<Void> disable(Subscription seen, String reason);
    }

    /** The parts that the dispatcher works with. */
    public record Parts(
            DeliveryPlacer placer,
            SubscriptionDirectory directory,
            Sender sender,
            Recorder recorder,
            DeliveryLoader backlog,
            Gone gone) {}

    public Dispatcher(Parts parts, int perEndpoint, InstantSource clock, DeliveryMetrics metrics) {
        this.placer = parts.placer();
        this.directory = parts.directory();
        this.sender = parts.sender();
        this.recorder = parts.recorder();
        this.gone = parts.gone();
        this.perEndpoint = perEndpoint;
        this.clock = clock;
        this.outcomes = new OutcomeHandler(recorder, metrics, this::disable, new EventId(clock));
        this.parking = new KeyParking(recorder, placer, this::tell, dirty::add);
        this.loader = new BacklogLoader(parts.backlog(), clock, this::tell, dirty::add);
        this.thread = Thread.ofPlatform().name("delivery-dispatcher").daemon().unstarted(this::run);
    }

    public void start() {
        thread.start();
        directory.onChange(() -> tell(this::subscriptionsChanged));
    }

    /** Requests under way. */
    public int inFlight() {
        return inFlight.get();
    }

    /** Takes deliveries that routing put straight into memory, in order. */
    public void offer(List<Placement> rows) {
        tell(() -> {
            Instant now = clock.instant();
            for (Placement row : rows) {
                Delivery one = row.delivery();
                DeliveryWindow window = row.window();
                // What came after its shard had gone waits for whoever has that now.
                boolean late = window == null || window.isAbandoned();
                SubscriberQueue queue = late ? null : queue(one.subscriptionId());
                if (queue != null) {
                    if (queue.window != window) {
                        queue.window.adopt(one);
                    }
                    if (!queue.offer(one, now)) {
                        parking.late(queue, one);
                    }
                    dirty.add(one.subscriptionId());
                }
            }
        });
    }

    /** Something waits in PostgreSQL for the subscription. */
    public void waiting(UUID subscription) {
        tell(() -> {
            SubscriberQueue queue = placer.owns(subscription) ? queue(subscription) : null;
            if (queue != null) {
                // Whatever was due first when somebody last looked: this may be due before.
                queue.loadAt = null;
                dirty.add(subscription);
            }
        });
    }

    @Override
    public void takeOver(Set<Integer> shards) {
        tell(() -> {
            draining.removeAll(shards);
            for (Subscription one : directory.index().all()) {
                // Of the others there is no queue, and nobody would ever take a window away.
                if (one.isDispatched() && shards.contains(Ownership.shardOf(one.id()))) {
                    placer.window(one.id()).leftBehind();
                    if (queue(one.id()) != null) {
                        dirty.add(one.id());
                    }
                }
            }
        });
    }

    @Override
    public CompletableFuture<Void> drain(Set<Integer> shards) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        tell(() -> {
            draining.addAll(shards);
            awaitDrained(shards, done);
        });
        return done;
    }

    private void awaitDrained(Set<Integer> shards, CompletableFuture<Void> done) {
        if (!draining.containsAll(shards)) {
            // They stay after all.
            done.complete(null);
            return;
        }
        Predicate<UUID> theirs = id -> shards.contains(Ownership.shardOf(id));
        boolean busy =
                open.entrySet().stream()
                        .anyMatch(e -> theirs.test(e.getKey()) && e.getValue().inFlight() > 0);
        if (busy && !closed) {
            CompletableFuture.delayedExecutor(10, TimeUnit.MILLISECONDS)
                    .execute(() -> tell(() -> awaitDrained(shards, done)));
            return;
        }
        done.complete(null);
    }

    @Override
    public CompletableFuture<Void> leave(Set<Integer> shards) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        tell(() -> {
            open.entrySet()
                    .removeIf(entry -> {
                        boolean theirs = shards.contains(Ownership.shardOf(entry.getKey()));
                        if (theirs) {
                            entry.getValue().end();
                        }
                        return theirs;
                    });
            placer.abandon(shards);
            done.complete(null);
        });
        return done;
    }

    @Override
    public void drop() {
        tell(() -> {
            open.values().forEach(SubscriberQueue::end);
            open.clear();
            draining.clear();
        });
    }

    @Override
    public void close() {
        closed = true;
        tell(() -> {});
    }

    private void tell(Runnable news) {
        mailbox.add(news);
    }

    private void run() {
        List<Runnable> news = new ArrayList<>();
        while (!closed) {
            try {
                await(news);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
            news.forEach(Dispatcher::runSafely);
            news.clear();
            runSafely(() -> dirty.addAll(timers.due(clock.instant(), open)));
            runSafely(this::pumpDirty);
        }
    }

    private void await(List<Runnable> news) throws InterruptedException {
        Runnable first =
                timers.isEmpty()
                        ? mailbox.take()
                        : mailbox.poll(
                                timers.millisUntilNext(clock.instant()), TimeUnit.MILLISECONDS);
        if (first != null) {
            news.add(first);
            mailbox.drainTo(news, 1_000);
        }
    }

    /** Runs the work; a failure is logged and stops nothing else. Returns whether it succeeded. */
    private static boolean runSafely(Runnable work) {
        try {
            work.run();
            return true;
        } catch (RuntimeException | LinkageError | StackOverflowError e) {
            log.error("the dispatcher failed, and goes on", e);
            return false;
        }
    }

    private void pumpDirty() {
        if (dirty.isEmpty()) {
            return;
        }
        List<UUID> all = List.copyOf(dirty);
        dirty.clear();
        for (UUID id : all) {
            SubscriberQueue queue = open.get(id);
            boolean mine = placer.maySend(id) && !draining.contains(Ownership.shardOf(id));
            if (queue != null && mine && !runSafely(() -> pump(queue))) {
                timers.schedule(queue, clock.instant().plus(AFTER_FAULT));
            }
        }
    }

    private void pump(SubscriberQueue queue) {
        Instant now = clock.instant();
        if (recorder.isFull()) {
            timers.schedule(queue, now.plus(RECORDER_PAUSE));
            return;
        }
        CircuitBreaker.State before = queue.breaker.state();
        UUID id = queue.subscription().id();
        // Asked before each: others may take over between any two.
        Shipment next = placer.maySend(id) ? queue.next(now) : null;
        while (next != null) {
            send(queue, next);
            next = placer.maySend(id) ? queue.next(now) : null;
        }
        outcomes.recordCircuit(queue, before);
        parking.look(queue, now);
        loader.loadIfDue(queue, now);
        Instant wake = queue.wakeAt(now);
        if (wake != null) {
            timers.schedule(
                    queue, wake.isAfter(now) ? wake : now.plusMillis(QueueTimers.TICK_MILLIS));
        }
    }

    private void send(SubscriberQueue queue, Shipment shipment) {
        inFlight.incrementAndGet();
        Subscription to = queue.subscription();
        var _ =
                sending(to, shipment)
                        .whenComplete((outcome, failure) ->
                                tell(() ->
                                        onOutcome(
                                                queue,
                                                to,
                                                shipment,
                                                outcome != null
                                                        ? outcome
                                                        : new Outcome.Broken(failure))));
    }

    private CompletableFuture<Outcome> sending(Subscription to, Shipment shipment) {
        try {
            return sender.send(to, shipment);
        } catch (RuntimeException | LinkageError | StackOverflowError e) {
            // A class that is missing is a defect like any other, and no reason to stop for all.
            return CompletableFuture.completedFuture(new Outcome.Broken(e));
        }
    }

    private void onOutcome(
            SubscriberQueue queue, Subscription to, Shipment shipment, Outcome outcome) {
        inFlight.decrementAndGet();
        queue.requestEnded();
        dirty.add(queue.subscription().id());
        Subscription now = directory.index().find(queue.subscription().id());
        boolean leadsThere = now != null && Objects.equals(now.endpoint(), to.endpoint());
        outcomes.apply(queue, to, leadsThere, shipment, outcome, clock.instant());
    }

    /**
     * Disables the subscription once, however many requests of the endpoint are under way: a second
     * time might undo that somebody has resumed it.
     */
    private void disable(SubscriberQueue queue, Subscription to, String reason) {
        if (!queue.disabling()) {
            return;
        }
        UUID id = to.id();
        var _ =
                gone.disable(to, reason)
                        .thenRun(() ->
                                tell(() -> {
                                    queue.disabled();
                                    dirty.add(id);
                                }));
    }

    /** The queue of a subscription that is delivered to from here; null when it is not. */
    private @Nullable SubscriberQueue queue(UUID id) {
        SubscriberQueue known = open.get(id);
        if (known != null) {
            return known;
        }
        Subscription subscription = directory.index().find(id);
        if (subscription == null || !subscription.isDispatched()) {
            return null;
        }
        SubscriberQueue made = new SubscriberQueue(subscription, placer.window(id), perEndpoint);
        open.put(id, made);
        return made;
    }

    private void subscriptionsChanged() {
        var index = directory.index();
        List<SubscriberQueue> rewound = new ArrayList<>();
        open.entrySet()
                .removeIf(entry -> {
                    SubscriberQueue queue = entry.getValue();
                    Subscription now = index.find(entry.getKey());
                    Subscription before = queue.subscription();
                    if (now == null || now.state().rewinds() != before.state().rewinds()) {
                        // What is under way ends by itself; what is in memory is owed no more.
                        placer.forget(entry.getKey());
                        queue.end();
                        rewound.add(queue);
                        return true;
                    }
                    if (!now.equals(before)) {
                        CircuitBreaker.State circuit = queue.breaker.state();
                        queue.subscription(now);
                        if (queue.leadsElsewhereThan(before)) {
                            queue.hurry(clock.instant());
                        }
                        outcomes.recordCircuit(queue, circuit);
                        dirty.add(entry.getKey());
                    }
                    return false;
                });
        rewound.forEach(this::beginAnew);
    }

    private void beginAnew(SubscriberQueue before) {
        UUID id = before.subscription().id();
        Subscription now = directory.index().find(id);
        if (now != null && now.isDispatched() && placer.owns(id)) {
            SubscriberQueue queue = before.anew(now, placer.window(id));
            open.put(id, queue);
            outcomes.recordCircuit(queue, before.breaker.state());
            dirty.add(id);
        }
    }
}
