package dev.jubilee.server.bus.delivery.routing;

import static java.util.stream.Collectors.toSet;

import dev.jubilee.server.bus.delivery.attempts.Attempt;
import dev.jubilee.server.bus.delivery.leases.Leases;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.shards.Ownership;
import dev.jubilee.server.bus.delivery.streams.OpenStreams;
import dev.jubilee.server.bus.delivery.streams.StreamInbox;
import dev.jubilee.server.bus.delivery.windows.DeliveryMemory;
import dev.jubilee.server.bus.delivery.windows.DeliveryWindow;
import dev.jubilee.server.bus.subscriptions.ArrivalNotices;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.subscriptions.SubscriptionDirectory;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Decides where a routed delivery goes: into memory, if this instance delivers to the subscription
 * and its window has room; otherwise it stays in PostgreSQL, and the instance that delivers it is
 * told. Thread-safe.
 */
public final class DeliveryPlacer {
    private static final int MOST_ANNOUNCED = 50;

    private final SubscriptionDirectory directory;
    private final Ownership ownership;
    private final OpenStreams streams;
    private final DeliveryMemory memory;
    private final Map<UUID, DeliveryWindow> windows = new ConcurrentHashMap<>();
    private final AtomicLong begun = new AtomicLong();
    private final AtomicLong handedOver = new AtomicLong();
    private volatile Consumer<List<Placement>> taken = rows -> {};
    private volatile Consumer<UUID> waiting = subscription -> {};

    /**
     * @param memory for what is to be pushed
     */
    public DeliveryPlacer(
            SubscriptionDirectory directory,
            Ownership ownership,
            OpenStreams streams,
            DeliveryMemory memory) {
        this.directory = directory;
        this.ownership = ownership;
        this.streams = streams;
        this.memory = memory;
        ownership.tell(this::gaining, () -> abandon(id -> true));
    }

    /**
     * Sets who is told, before anything is routed.
     *
     * @param straight receives deliveries that went straight into memory, in order
     * @param inDatabase receives a subscription for which something waits in PostgreSQL
     */
    public void tell(Consumer<List<Placement>> straight, Consumer<UUID> inDatabase) {
        taken = straight;
        waiting = inDatabase;
    }

    /** Whether this instance delivers to the subscription. */
    public boolean owns(UUID subscription) {
        return ownership.owns(subscription);
    }

    /**
     * Whether a delivery may be sent: this instance owns the subscription, and no other can have
     * deposed it yet.
     */
    public boolean maySend(UUID subscription) {
        return ownership.maySend(subscription);
    }

    /**
     * Puts the windows of these shards behind before the instance owns them: what is routed to them
     * from then on comes after what waits.
     */
    private void gaining(Set<Integer> shards) {
        windows.forEach((id, window) -> {
            if (shards.contains(Ownership.shardOf(id))) {
                window.leftBehind();
            }
        });
    }

    /** These shards are another instance's now: nothing in their windows is delivered from here. */
    public void abandon(Set<Integer> shards) {
        abandon(id -> shards.contains(Ownership.shardOf(id)));
    }

    private void abandon(Predicate<UUID> which) {
        windows.forEach((id, window) -> {
            if (which.test(id)) {
                window.abandon();
                windows.remove(id, window);
            }
        });
    }

    /** The window of a subscription that is pushed. A new one begins behind. */
    public DeliveryWindow window(UUID subscription) {
        return windows.computeIfAbsent(subscription, id -> new DeliveryWindow(memory.share()));
    }

    /** Whether the subscription has a window. */
    public boolean hasWindow(UUID subscription) {
        return windows.containsKey(subscription);
    }

    /** Those of the subscriptions that are level: a delivery may go straight into memory. */
    Set<UUID> level(Set<UUID> subscriptions) {
        return subscriptions.stream()
                .filter(id -> isLevel(windows.get(id)) || streams.isLevel(id))
                .collect(toSet());
    }

    private static boolean isLevel(@Nullable DeliveryWindow window) {
        return window != null && !window.isBehind();
    }

    /** The deliveries of these subscriptions that wait in PostgreSQL and are in memory too. */
    Set<Long> loaded(Set<UUID> subscriptions) {
        return subscriptions.stream()
                .map(windows::get)
                .filter(Objects::nonNull)
                .flatMap(window -> window.loaded().stream())
                .collect(toSet());
    }

    /**
     * The outcome of an attempt was committed. A delivery that is to be tried again and is no
     * longer held in memory now waits in PostgreSQL.
     */
    public void written(Attempt attempt) {
        UUID subscription = attempt.delivery().subscriptionId();
        DeliveryWindow window = windows.get(subscription);
        if (attempt.end() instanceof Attempt.End.Again(Instant _, boolean stays) && stays) {
            return;
        }
        if (window != null) {
            window.written(attempt.delivery().id());
        }
        if (attempt.end() instanceof Attempt.End.Again) {
            arrived(subscription);
        }
    }

    public void forget(UUID subscription) {
        DeliveryWindow window = windows.remove(subscription);
        if (window != null) {
            window.forget();
        }
    }

    /**
     * Decides where the delivery goes. If that is straight into memory, its place there is
     * reserved.
     */
    Placement place(Delivery one, Instant now) {
        Subscription subscription = directory.index().find(one.subscriptionId());
        if (subscription == null) {
            return Placement.waiting(one);
        }
        if (subscription.isDispatched()) {
            if (!owns(subscription.id())) {
                // Nobody would ever take away the window of what others deliver.
                return Placement.waiting(one);
            }
            DeliveryWindow window = window(subscription.id());
            if (window.isParked(one.key())) {
                return Placement.parked(one);
            }
            return window.reserve(one) ? Placement.pushed(one, window) : Placement.waiting(one);
        }
        StreamInbox inbox =
                Leases.mayHandOver(subscription)
                        ? streams.reserve(one, subscription.state().rewinds())
                        : null;
        if (inbox == null) {
            return Placement.waiting(one);
        }
        // As PostgreSQL keeps it: by its end a lease is known again.
        Instant end = now.plus(Leases.lengthFor(subscription)).truncatedTo(ChronoUnit.MICROS);
        return Placement.streamed(one.after(1, end), inbox);
    }

    void unreserve(List<Placement> rows) {
        for (Placement row : rows) {
            if (row.inbox() != null) {
                row.inbox().unreserve(row.delivery());
            } else if (row.window() != null) {
                row.window().release(row.delivery());
            }
        }
    }

    public void leftBehind(UUID subscription) {
        DeliveryWindow window = windows.get(subscription);
        if (window != null) {
            window.leftBehind();
        }
        streams.leftBehind(subscription);
    }

    /** Tells the other instances what waits, when the transaction commits. */
    void announce(Connection connection, List<Placement> rows) throws SQLException {
        Set<UUID> concerned = new LinkedHashSet<>();
        for (Placement row : rows) {
            UUID id = row.delivery().subscriptionId();
            if (!row.taken() && !(owns(id) && isPushed(id))) {
                concerned.add(id);
            }
        }
        if (concerned.size() > MOST_ANNOUNCED) {
            ArrivalNotices.announceAll(connection);
            return;
        }
        for (UUID id : concerned) {
            ArrivalNotices.announce(connection, id);
        }
    }

    private boolean isPushed(UUID id) {
        Subscription subscription = directory.index().find(id);
        return subscription != null && subscription.isPushed();
    }

    /** Hands over deliveries whose rows were committed: to dispatch, to streams, or as waiting. */
    void routed(List<Placement> rows) {
        List<Placement> straight = new ArrayList<>();
        List<OpenStreams.Handed> handed = new ArrayList<>();
        Set<UUID> left = new LinkedHashSet<>();
        for (Placement row : rows) {
            if (!row.taken()) {
                if (!isStillParked(row)) {
                    left.add(row.delivery().subscriptionId());
                }
            } else if (row.inbox() == null) {
                straight.add(row);
            } else {
                handed.add(new OpenStreams.Handed(row.inbox(), row.delivery()));
            }
        }
        if (!handed.isEmpty()) {
            streams.routed(handed);
        }
        if (!straight.isEmpty()) {
            taken.accept(straight);
        }
        left.forEach(this::arrived);
    }

    /**
     * Whether the key is parked still. Nobody need be told then: the row is read when the key is
     * let go.
     */
    private boolean isStillParked(Placement row) {
        Delivery one = row.delivery();
        DeliveryWindow window = windows.get(one.subscriptionId());
        return row.parked() && window != null && window.isParked(one.key());
    }

    /** The number of windows. */
    int windows() {
        return windows.size();
    }

    /** A routing transaction begins to reserve places. For one thread. */
    void batchBegins() {
        begun.incrementAndGet();
    }

    /** Every place that the transaction reserved was handed over or given back. */
    void batchEnds() {
        handedOver.set(begun.get());
    }

    /** The number of the routing transaction that began last. */
    public long lastBatch() {
        return begun.get();
    }

    /** The number up to which every routing transaction has ended. */
    public long batchesEnded() {
        return handedOver.get();
    }

    /**
     * Something waits in PostgreSQL for the subscription: its window is behind, and whoever
     * delivers to it is told.
     */
    public void arrived(UUID subscription) {
        leftBehind(subscription);
        waiting.accept(subscription);
    }
}
