package dev.jubilee.server.bus.delivery.leases;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;

import dev.jubilee.server.bus.delivery.attempts.DeliveryMetrics;
import dev.jubilee.server.bus.delivery.clearance.Clearance;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.subscriptions.ArrivalNotices;
import dev.jubilee.server.bus.subscriptions.RetryPolicy;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.database.DailyPartitions;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.DatabaseException;
import dev.jubilee.server.security.Principal;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets subscribers take deliveries themselves, from any instance. All state is in PostgreSQL;
 * callers that wait are woken when something arrives. Blocks. Thread-safe.
 */
public final class Leases {
    private static final Logger log = LoggerFactory.getLogger(Leases.class);

    /** How long a delivery is leased to a stream that does not acknowledge. */
    static final Duration UNCONFIRMED = Duration.ofSeconds(30);

    /** How often leases that ended are looked for. */
    private static final Duration LOOK = Duration.ofMillis(500);

    /** The same where leases end only with an instance, or a reader that does not read. */
    private static final Duration SELDOM = Duration.ofSeconds(2);

    private static final long SHORTEST_MILLIS = 10;
    private static final int NEVER_DEAD = Integer.MAX_VALUE;
    private static final int MAX_REMEMBERED = 10_000;

    /** The most leases that are ended at once. */
    private static final int MOST_ENDED = 1_000;

    private static final String NOT_ACKNOWLEDGED = "it was not acknowledged in time";
    private static final String NOT_CONFIRMED = "nobody said in time whether it had arrived";

    private final Database database;
    private final InstantSource clock;
    private final DailyPartitions partitions;
    private final DeliveryMetrics metrics;
    private final Clearance clearance;
    private final Map<UUID, Map<Semaphore, UUID>> waiting = new ConcurrentHashMap<>();
    private final Map<UUID, Instant> looked = new ConcurrentHashMap<>();

    public Leases(
            Database database,
            InstantSource clock,
            DailyPartitions partitions,
            DeliveryMetrics metrics,
            Clearance clearance) {
        this.database = database;
        this.clock = clock;
        this.partitions = partitions;
        this.metrics = metrics;
        this.clearance = clearance;
    }

    /** A caller that waits for deliveries; to be closed. */
    public final class Waiter implements AutoCloseable {
        private final Taker taker;
        private final Semaphore arrived = new Semaphore(0);

        private Waiter(Taker taker) {
            this.taker = taker;
            UUID subscription = taker.subscription().id();
            // At once: who closes the last one takes the map of all away.
            waiting.compute(
                    subscription,
                    (s, known) -> {
                        Map<Semaphore, UUID> all =
                                known == null ? new ConcurrentHashMap<>() : known;
                        all.put(arrived, s);
                        return all;
                    });
        }

        /**
         * Waits until something may have arrived, or is due, or so long.
         *
         * @param now how the subscription stands
         */
        void await(Subscription now, Duration longest) throws InterruptedException {
            await(untilLook(now, longest));
        }

        /**
         * How long nothing becomes due by itself, as far as is known, and no longer than this.
         *
         * @param now how the subscription stands
         */
        public Duration untilLook(Subscription now, Duration longest) {
            if (!now.isActive()) {
                return shorter(longest, LOOK);
            }
            Duration wait = longest;
            List<String> closed = closedTo(taker);
            LeaseStore.Outlook outlook =
                    database.read(connection ->
                            LeaseStore.outlook(connection, taker.subscription().id(), closed));
            if (outlook.leased()) {
                wait = shorter(wait, lookEvery(now));
            }
            if (outlook.due() != null) {
                // Tests move the clock by hand, so what will be due is looked for now and then.
                Duration until = Duration.between(clock.instant(), outlook.due());
                wait = shorter(wait, shorter(until, LOOK));
            }
            return wait;
        }

        /** Waits until something may have arrived, or so long. */
        public void await(Duration wait) throws InterruptedException {
            if (arrived.tryAcquire(
                    Math.max(SHORTEST_MILLIS, wait.toMillis()),
                    java.util.concurrent.TimeUnit.MILLISECONDS)) {
                arrived.drainPermits();
            }
        }

        /** Ends the wait. */
        public void wake() {
            arrived.release();
        }

        @Override
        public void close() {
            waiting.computeIfPresent(
                    taker.subscription().id(),
                    (s, all) -> {
                        all.remove(arrived);
                        return all.isEmpty() ? null : all;
                    });
        }
    }

    /** A caller that takes deliveries for a subscription. */
    public record Taker(Subscription subscription, Principal principal) {}

    public Waiter waiter(Taker taker) {
        return new Waiter(taker);
    }

    /** How long a delivery of the subscription is leased. */
    public static Duration lengthFor(Subscription subscription) {
        return subscription.requiresAck() ? subscription.ackDeadline() : UNCONFIRMED;
    }

    /**
     * Whether routing may lease to a stream. Where nothing is tried twice a lease that ends unread
     * would be a dead letter.
     */
    public static boolean mayHandOver(Subscription subscription) {
        return subscription.isActive()
                && (!subscription.requiresAck() || subscription.retry().maxRetries() > 0);
    }

    /** Whether less than half of the lease is left, so that it had better be leased anew. */
    public boolean isStale(Delivery leased, Subscription subscription) {
        Instant half = leased.dueAt().minus(lengthFor(subscription).dividedBy(2));
        return !half.isAfter(clock.instant());
    }

    /** How often to look for leases that ended, while there are any. */
    public static Duration lookEvery(Subscription subscription) {
        return subscription.requiresAck() ? LOOK : SELDOM;
    }

    /** Whether whoever takes may have all that is routed to the subscription. */
    public boolean mayTakeAllRouted(Taker taker) {
        return clearance.allowsAllSelected(taker.subscription(), taker.principal());
    }

    private List<String> closedTo(Taker taker) {
        return clearance.closedTo(taker.subscription(), taker.principal());
    }

    /** Something may wait for the subscription. */
    public void arrived(UUID subscription) {
        Map<Semaphore, UUID> all = waiting.get(subscription);
        if (all != null) {
            all.keySet().forEach(Semaphore::release);
        }
    }

    /** Leases what is due; what was leased too often is given up. */
    public List<Delivery> take(Taker taker, LeaseStore.Most most) {
        Subscription subscription = taker.subscription();
        if (!subscription.isActive()) {
            return List.of();
        }
        Instant now = clock.instant();
        partitions.ensure(now);
        List<String> closed = closedTo(taker);
        UUID id = subscription.id();
        int retries = subscription.requiresAck() ? subscription.retry().maxRetries() : NEVER_DEAD;
        if (isTimeToLook(id, now, lookEvery(subscription))) {
            endLeases(subscription, now);
        }
        return database.transaction(connection ->
                LeaseStore.lease(
                        connection,
                        id,
                        closed,
                        most,
                        retries,
                        now,
                        now.plus(lengthFor(subscription))));
    }

    /** Ends leases whose time is over: their deliveries wait again, or are given up. */
    private void endLeases(Subscription subscription, Instant now) {
        UUID id = subscription.id();
        boolean acks = subscription.requiresAck();
        RetryPolicy retry = subscription.retry();
        // Without a plan it comes at once: whoever had it has had the whole lease.
        Pauses pauses = acks && retry.plan() != null ? Pauses.of(retry) : Pauses.of(Duration.ZERO);
        if (acks && !giveUp(subscription, now)) {
            // What is to be given up yet would wait once more.
            return;
        }
        int failed =
                database.transaction(connection ->
                        FailedLeases.expire(
                                connection,
                                id,
                                MOST_ENDED,
                                pauses,
                                acks ? NOT_ACKNOWLEDGED : NOT_CONFIRMED,
                                now));
        if (failed > 0) {
            metrics.attempted(subscription.method(), "error", failed);
        }
        if (failed < MOST_ENDED) {
            looked(id, now);
        }
    }

    /** Returns whether nothing is left that was tried so often. */
    private boolean giveUp(Subscription subscription, Instant now) {
        int maxRetries = subscription.retry().maxRetries();
        int dead =
                database.transaction(connection ->
                        FailedLeases.giveUp(
                                connection, subscription.id(), MOST_ENDED, maxRetries, now));
        metrics.gaveUp(subscription.method(), dead);
        return dead < MOST_ENDED;
    }

    private boolean isTimeToLook(UUID subscription, Instant now, Duration every) {
        Instant last = looked.get(subscription);
        return last == null || Duration.between(last, now).abs().compareTo(every) >= 0;
    }

    private void looked(UUID subscription, Instant now) {
        if (looked.size() >= MAX_REMEMBERED) {
            looked.clear();
        }
        looked.put(subscription, now);
    }

    public int ack(Subscription subscription, List<Long> ids) {
        Instant now = clock.instant();
        partitions.ensure(now);
        int acked =
                database.transaction(
                        connection -> LeaseStore.ack(connection, subscription.id(), ids, now));
        metrics.attempted(subscription.method(), "success", acked);
        return acked;
    }

    /** The numbers of deliveries that were given back and that were given up. */
    record Nacked(int nacked, int dead) {}

    Nacked nack(Subscription subscription, List<Long> ids, @Nullable Duration delay) {
        Instant now = clock.instant();
        partitions.ensure(now);
        int retries = subscription.retry().maxRetries();
        Pauses pauses = delay != null ? Pauses.of(delay) : Pauses.of(subscription.retry());
        Nacked nacked =
                database.transaction(connection -> {
                    UUID id = subscription.id();
                    int dead = FailedLeases.nackDead(connection, id, ids, retries, now);
                    int again = FailedLeases.nack(connection, id, ids, retries, pauses, now);
                    ArrivalNotices.announce(connection, subscription.id());
                    return new Nacked(again, dead);
                });
        metrics.attempted(subscription.method(), "error", nacked.nacked() + nacked.dead());
        metrics.died(nacked.dead());
        return nacked;
    }

    /**
     * Makes deliveries due again that may not have arrived, unless they were leased anew since.
     *
     * @param stream over which it was sent, in this order; null if it was not sent
     */
    public void release(UUID subscription, List<Lease> leases, @Nullable Long stream) {
        database.transaction(connection -> {
            LeaseStore.release(connection, subscription, leases, clock.instant(), stream);
            ArrivalNotices.announce(connection, subscription);
            return leases;
        });
    }

    /**
     * Gives back deliveries that were handed to streams that had ended: others may take them, at
     * the latest when the lease ends. Does not block.
     */
    public void giveBack(List<Delivery> unread) {
        Map<UUID, List<Lease>> taken =
                unread.stream()
                        .collect(
                                groupingBy(Delivery::subscriptionId, mapping(Lease::of, toList())));
        Thread.ofVirtual().name("delivery-give-back").start(() -> taken.forEach(this::giveBack));
    }

    private void giveBack(UUID subscription, List<Lease> leases) {
        try {
            release(subscription, leases, null);
        } catch (DatabaseException e) {
            log.warn(
                    "what was for a stream that ended comes again when its lease ends: {}",
                    e.getMessage());
        }
    }

    private static Duration shorter(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }
}
