package dev.jubilee.server.bus.delivery.dispatch;

import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.pending.LoadPlan;
import dev.jubilee.server.bus.delivery.sending.Shipment;
import dev.jubilee.server.bus.delivery.windows.DeliveryWindow;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.subscriptions.Subscription.Ordering;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The deliveries of one subscription that are in memory, and when the next may be sent. High
 * priority goes first, but never before what its key waits for. Where memory is short, a key that
 * waits for a retry is parked. For the dispatcher's thread.
 */
final class SubscriberQueue {
    private static final int FIRST_LIMIT = 4;

    final DeliveryWindow window;
    final ParkedKeys parked;
    final CircuitBreaker breaker = new CircuitBreaker();
    private final Pace pace;
    private final List<Deque<Delivery>> ready =
            List.of(new ArrayDeque<>(), new ArrayDeque<>(), new ArrayDeque<>());
    private final Map<String, Deque<Delivery>> keys = new HashMap<>();
    private final Batches batches = new Batches(ready, keys);
    private final TreeSet<Shipment> retries =
            new TreeSet<>(
                    Comparator.comparing(Shipment::dueAt)
                            .thenComparingLong(one -> one.deliveries().getFirst().id()));

    /**
     * How often, by the id of its first delivery, a shipment could not be sent through our fault.
     */
    private final Map<Long, Integer> broken = new HashMap<>();

    private final int mostInFlight;
    private Subscription subscription;
    private int limit;
    private int inFlight;
    private @Nullable Instant gatheringSince;
    private boolean ended;

    /** The endpoint asked never to be called again, and that is about to be written. */
    private boolean disabling;

    boolean loading;
    @Nullable Instant loadAt;

    /**
     * The deliveries that the last query found to be next in the backlog; dropped when others may
     * come first.
     */
    LoadPlan plan = LoadPlan.NONE;

    @Nullable Instant wakesAt;

    SubscriberQueue(Subscription subscription, DeliveryWindow window, int mostInFlight) {
        this(subscription, window, mostInFlight, new Pace());
    }

    private SubscriberQueue(
            Subscription subscription, DeliveryWindow window, int mostInFlight, Pace pace) {
        this.subscription = subscription;
        this.pace = pace;
        this.window = window;
        this.parked = new ParkedKeys(window);
        this.mostInFlight = mostInFlight;
        this.limit = Math.min(FIRST_LIMIT, mostInFlight);
    }

    Subscription subscription() {
        return subscription;
    }

    boolean leadsElsewhereThan(Subscription before) {
        return !Objects.equals(subscription.endpoint(), before.endpoint());
    }

    void subscription(Subscription value) {
        if (value.ordering() != subscription.ordering()) {
            parked.endAll();
            loadAt = null;
            plan = LoadPlan.NONE;
        }
        if (!Objects.equals(subscription.endpoint(), value.endpoint())) {
            breaker.succeeded();
            pace.restIsOver();
            limit = Math.min(FIRST_LIMIT, mostInFlight);
        }
        batches.changed();
        subscription = value;
    }

    /**
     * Makes due what waits because of the former endpoint, for a retry or a rest: there is another
     * now.
     */
    void hurry(Instant now) {
        List<Shipment> waiting = List.copyOf(retries);
        retries.clear();
        waiting.forEach(one -> retries.add(one.dueBy(now)));
        keys.replaceAll((key, behind) -> {
            Deque<Delivery> due = new ArrayDeque<>(behind.size());
            behind.forEach(one -> due.add(one.dueBy(now)));
            return due;
        });
        batches.changed();
        parked.hurry(now);
        loadAt = null;
    }

    /**
     * A queue for the same subscription with nothing in memory. It keeps the rate, and the rest
     * that the endpoint asked for: to begin anew is no way around them.
     */
    SubscriberQueue anew(Subscription value, DeliveryWindow empty) {
        SubscriberQueue next = new SubscriberQueue(subscription, empty, mostInFlight, pace);
        next.subscription(value);
        return next;
    }

    /** The queue has ended: what is under way says nothing of the subscription any more. */
    void end() {
        ended = true;
    }

    /** Stops sending until {@link #disabled}. False if it had stopped already. */
    boolean disabling() {
        boolean first = !disabling;
        disabling = true;
        return first;
    }

    /** The subscription is disabled in PostgreSQL, and the directory knows. */
    void disabled() {
        disabling = false;
    }

    private boolean isOpen() {
        return subscription.isActive() && !disabling;
    }

    boolean hasEnded() {
        return ended;
    }

    int inFlight() {
        return inFlight;
    }

    /** Whether deliveries of one key wait for each other. */
    boolean isOrdered(Delivery one) {
        return subscription.ordering() == Ordering.KEY && one.key() != null;
    }

    /** Takes the delivery; false if its key is parked, so that it has to wait in PostgreSQL. */
    boolean offer(Delivery one, Instant now) {
        if (isOrdered(one) && parked.isParked(one.key())) {
            return false;
        }
        take(one, now);
        return true;
    }

    /** Takes the first of a parked key, which is due. */
    void offerFirst(Delivery one, Instant now) {
        parked.brought(one.id());
        take(one, now);
    }

    private void take(Delivery one, Instant now) {
        if (isOrdered(one)) {
            Deque<Delivery> behind = keys.get(one.key());
            if (behind != null) {
                behind.add(one);
                batches.followed(one, now);
                return;
            }
            keys.put(one.key(), new ArrayDeque<>());
        }
        if (makeReady(one, now)) {
            batches.arrived(one);
        }
    }

    /** Makes the delivery ready; false if it is tried later, by itself. */
    private boolean makeReady(Delivery one, Instant now) {
        boolean batching = subscription.batching().enabled();
        if (one.dueAt().isAfter(now) || (batching && one.attempts() > 0)) {
            // What failed in a batch goes by itself: who spoils every batch is given up alone.
            retries.add(Shipment.of(one, batching));
            return false;
        }
        ready.get(one.priority()).add(one);
        if (gatheringSince == null) {
            gatheringSince = now;
        }
        return true;
    }

    /** The next to be sent now; null when none may be. */
    @Nullable Shipment next(Instant now) {
        int room = pace.rate.room(now, subscription.rateLimitPerMin());
        if (!isOpen()
                || inFlight >= limit
                || room == 0
                || pace.rests(now)
                || !breaker.allows(now, inFlight)) {
            return null;
        }
        Shipment retry = dueRetry(now);
        // Whether the endpoint is well, that says best which has not failed before.
        boolean freshFirst = breaker.isProbing() && readyCount() > 0;
        if (retry != null && !freshFirst) {
            if (!fits(retry, room, now)) {
                return null; // or what is smaller would keep it waiting for ever
            }
            retries.removeFirst();
            return started(retry, now);
        }
        if (!subscription.batching().enabled()) {
            Delivery one = poll();
            return one == null ? null : started(Shipment.of(one, false), now);
        }
        return batch(now, Math.min(room, subscription.batching().size()));
    }

    private @Nullable Shipment dueRetry(Instant now) {
        Shipment retry = retries.isEmpty() ? null : retries.first();
        return retry == null || retry.dueAt().isAfter(now) ? null : retry;
    }

    /**
     * Whether the rate allows it. One larger than a minute's allowance goes when nothing was sent
     * for a minute.
     */
    private boolean fits(Shipment retry, int room, Instant now) {
        return retry.size() <= room || pace.rate.isUnused(now);
    }

    private @Nullable Shipment batch(Instant now, int most) {
        boolean waitedLong =
                gatheringSince != null
                        && !now.isBefore(gatheringSince.plus(subscription.batching().window()));
        if (readyCount() == 0
                || (!waitedLong && !batches.isFull(subscription.batching().size(), now))) {
            return null;
        }
        boolean oneTopic = subscription.method().namesTopics();
        List<Delivery> batch = batches.take(most, oneTopic, now);
        // What was gathered together goes now, a batch a topic.
        boolean more = oneTopic && (waitedLong || batch.size() < most);
        Instant since = more ? now.minus(subscription.batching().window()) : now;
        gatheringSince = readyCount() == 0 ? null : since;
        return started(Shipment.batch(batch, now), now);
    }

    private int readyCount() {
        return ready.stream().mapToInt(Deque::size).sum();
    }

    private @Nullable Delivery poll() {
        for (Deque<Delivery> queue : ready) {
            Delivery one = queue.poll();
            if (one != null) {
                batches.changed();
                return one;
            }
        }
        return null;
    }

    private Shipment started(Shipment shipment, Instant now) {
        inFlight++;
        pace.rate.sent(now, shipment.size());
        return shipment;
    }

    /** An answer came, of whatever kind. */
    void requestEnded() {
        inFlight--;
    }

    /** The shipment is over: its places are free, and the next deliveries of its keys follow. */
    void finished(Shipment shipment, Instant now) {
        for (String key : shipment.keys()) {
            Deque<Delivery> behind = keys.get(key);
            if (behind == null) {
                continue;
            }
            Delivery next = behind.poll();
            if (next == null) {
                keys.remove(key);
                parked.finished(key);
            } else if (makeReady(next, now)) {
                batches.changed();
            }
        }
        for (Delivery one : shipment.deliveries()) {
            window.release(one);
            broken.remove(one.id());
        }
    }

    /** A defect kept it from being sent; returns how often that was so. */
    int broke(Shipment shipment) {
        return broken.merge(shipment.deliveries().getFirst().id(), 1, Integer::sum);
    }

    /** Whether a defect keeps anything from being sent. */
    boolean isBroken() {
        return !broken.isEmpty();
    }

    void again(Shipment shipment) {
        retries.add(shipment);
    }

    /**
     * Takes out of memory what is tried again last, with everything behind it, until there is room.
     *
     * @param near what is due by then stays
     * @return what has to wait in PostgreSQL
     */
    List<Delivery> park(Instant near) {
        List<Delivery> out = new ArrayList<>();
        while (window.isCrowded()
                && !retries.isEmpty()
                && retries.last().dueAt().isAfter(near)
                && parked.hasRoomFor(retries.last().size())) {
            park(retries.removeLast(), out);
        }
        return out;
    }

    private void park(Shipment shipment, List<Delivery> out) {
        Set<String> gone = new HashSet<>();
        for (Delivery one : shipment.deliveries()) {
            putOut(one, out);
            if (one.key() != null && gone.contains(one.key())) {
                continue; // it waits behind the first of its key
            }
            Deque<Delivery> behind = one.key() == null ? null : keys.remove(one.key());
            parked.park(one, behind != null, shipment.dueAt());
            if (behind != null) {
                gone.add(one.key());
                behind.forEach(follower -> putOut(follower, out));
            }
        }
    }

    private void putOut(Delivery one, List<Delivery> out) {
        out.add(one);
        window.release(one);
    }

    void grow() {
        limit = Math.min(mostInFlight, limit + 1);
    }

    void shrink() {
        limit = Math.max(1, limit / 2);
    }

    void restUntil(Instant when) {
        pace.restUntil(when);
    }

    /** When it is worth looking again although nothing happens; null when it is not. */
    @Nullable Instant wakeAt(Instant now) {
        Instant load = loadAt(now);
        if (!isOpen() || (readyCount() == 0 && retries.isEmpty())) {
            return load;
        }
        Instant at = Instant.MAX;
        if (readyCount() > 0 && inFlight < limit) {
            at = now;
            if (subscription.batching().enabled() && gatheringSince != null) {
                at = gatheringSince.plus(subscription.batching().window());
            }
        }
        if (!retries.isEmpty() && retries.first().dueAt().isBefore(at)) {
            at = retries.first().dueAt();
        }
        if (at.equals(Instant.MAX)) {
            return load;
        }
        at = latest(at, pace.restsUntil());
        at = latest(at, breaker.state() == CircuitBreaker.State.OPEN ? breaker.until() : null);
        int room = pace.rate.room(now, subscription.rateLimitPerMin());
        Shipment due = dueRetry(now);
        if (room == 0 || (due != null && !fits(due, room, now))) {
            at = latest(at, pace.rate.next(now));
        }
        return load != null && load.isBefore(at) ? load : at;
    }

    private @Nullable Instant loadAt(Instant now) {
        if (parked.hasEnded()) {
            return now;
        }
        boolean may = subscription.isActive() && !loading && !window.isCrowded();
        Instant head = may ? parked.nextDue() : null;
        return head == null || (loadAt != null && loadAt.isBefore(head)) ? loadAt : head;
    }

    /** Loads earlier if the first of a parked key is due before the next load. */
    void loadForParked() {
        Instant head = parked.nextDue();
        if (loadAt != null && head != null && head.isBefore(loadAt)) {
            loadAt = head;
        }
    }

    private static Instant latest(Instant one, @Nullable Instant other) {
        return other != null && other.isAfter(one) ? other : one;
    }
}
