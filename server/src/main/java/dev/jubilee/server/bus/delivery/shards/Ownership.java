package dev.jubilee.server.bus.delivery.shards;

import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * What this instance delivers: under which id it writes, which shards it has, and until when it may
 * be sure of them. Thread-safe.
 */
public final class Ownership {
    private volatile Tenure tenure = new Tenure(UUID.randomUUID(), Set.of());
    private volatile long liveUntil = System.nanoTime();
    private volatile Consumer<Set<Integer>> gaining = shards -> {};
    private volatile Runnable deposed = () -> {};

    /** Under which id this instance writes, and which shards it has. */
    record Tenure(UUID instance, Set<Integer> shards) {}

    /**
     * Where to tell what happens, while it does: neither may block.
     *
     * @param beforeGaining the shards that are about to be this instance's
     * @param onceDeposed others took the instance for dead: what it held is not its any more
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

    /** Whether something may be sent: others cannot have taken this instance for dead yet. */
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
     * Nobody takes this instance for dead before then.
     *
     * @param until by {@link System#nanoTime()}
     * @return whether nothing could be sent until now
     */
    synchronized boolean live(long until) {
        boolean lapsed = !isLive();
        liveUntil = until;
        return lapsed;
    }

    /** Returns false if this is not the instance any more. */
    synchronized boolean gain(UUID instance, Set<Integer> shards) {
        Set<Integer> all = new HashSet<>(tenure.shards());
        all.addAll(shards);
        gaining.accept(shards);
        return change(instance, all);
    }

    /** Nothing is placed or begun for these from now on; false if this is not the instance. */
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

    /** Others took the instance for dead: it goes on under another id, with nothing. */
    public synchronized void deposed(UUID instance) {
        if (tenure.instance().equals(instance)) {
            tenure = new Tenure(UUID.randomUUID(), Set.of());
            deposed.run();
        }
    }
}
