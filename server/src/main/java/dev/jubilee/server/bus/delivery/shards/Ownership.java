package dev.jubilee.server.bus.delivery.shards;

import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * The id under which this instance writes, the shards that it owns, and until when it may be sure
 * of them. Thread-safe.
 */
public final class Ownership {
    private volatile Tenure tenure = new Tenure(UUID.randomUUID(), Set.of());
    private volatile long liveUntil = System.nanoTime();
    private volatile Consumer<Set<Integer>> gaining = shards -> {};
    private volatile Runnable deposed = () -> {};

    /** Under which id this instance writes, and which shards it has. */
    record Tenure(UUID instance, Set<Integer> shards) {}

    /**
     * Sets who is told of changes, while they happen; neither may block.
     *
     * @param beforeGaining receives the shards that the instance is about to own
     * @param onceDeposed runs when others have deposed the instance: it owns nothing any more
     */
    public void tell(Consumer<Set<Integer>> beforeGaining, Runnable onceDeposed) {
        gaining = beforeGaining;
        deposed = onceDeposed;
    }

    public UUID instance() {
        return tenure.instance();
    }

    public static int shardOf(UUID subscription) {
        return Math.floorMod(subscription.hashCode(), Shards.COUNT);
    }

    public boolean owns(UUID subscription) {
        return tenure.shards().contains(shardOf(subscription));
    }

    /**
     * Whether a delivery may be sent: this instance owns the subscription, and no other can have
     * deposed it yet.
     */
    public boolean maySend(UUID subscription) {
        return owns(subscription) && isLive();
    }

    private boolean isLive() {
        return liveUntil - System.nanoTime() > 0;
    }

    Tenure tenure() {
        return tenure;
    }

    /**
     * Extends the lease: nobody deposes this instance before {@code until}.
     *
     * @param until by {@link System#nanoTime()}
     * @return whether the previous lease had lapsed
     */
    synchronized boolean live(long until) {
        boolean lapsed = !isLive();
        liveUntil = until;
        return lapsed;
    }

    /** Adds shards; false if the instance was deposed. */
    synchronized boolean gain(UUID instance, Set<Integer> shards) {
        Set<Integer> all = new HashSet<>(tenure.shards());
        all.addAll(shards);
        gaining.accept(shards);
        return change(instance, all);
    }

    /**
     * Gives up shards: nothing is placed or begun for them from now on. False if the instance was
     * deposed.
     */
    synchronized boolean lose(UUID instance, Set<Integer> shards) {
        Set<Integer> rest = new HashSet<>(tenure.shards());
        rest.removeAll(shards);
        return change(instance, rest);
    }

    private boolean change(UUID instance, Set<Integer> shards) {
        if (!tenure.instance().equals(instance)) {
            return false;
        }
        tenure = new Tenure(instance, Set.copyOf(shards));
        return true;
    }

    /** Others have deposed the instance: it goes on under another id, without shards. */
    public synchronized void deposed(UUID instance) {
        if (tenure.instance().equals(instance)) {
            tenure = new Tenure(UUID.randomUUID(), Set.of());
            deposed.run();
        }
    }
}
