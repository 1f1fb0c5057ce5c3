package dev.jubilee.events.core;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.EventHandler;
import java.util.ArrayList;
import java.util.List;

/**
 * Hands deliveries to a handler, in its own threads: those of one key in order, retrying as its
 * {@link dev.jubilee.events.RetryStrategy} says. One that waits for its retry holds back its key at
 * most, never the others. Holds so many deliveries as the options' capacity, and then makes whoever
 * delivers wait. Beside them {@value #MOST_PARKED} (or as many as the capacity) may wait for a
 * retry or behind one that does, {@value #MOST_PARKED_BYTES} bytes long together; one more of a key
 * that waits finds no room, and when more keys fail than that, they take the room of the others.
 * The workers share all of this evenly. Thread-safe.
 */
public final class Dispatcher implements AutoCloseable {
    /** So many wait for a retry, or behind one that does. */
    public static final int MOST_PARKED = 10_000;

    /** Those together are so long. */
    public static final long MOST_PARKED_BYTES = 64L << 20;

    private final List<Lane<?>> lanes = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final Lifecycle bus;

    /**
     * Starts the workers.
     *
     * @param bus to which they belong
     */
    public Dispatcher(HandlerSettings settings, EventHandler<?> handler, Lifecycle bus) {
        this.bus = bus;
        int workers = settings.options().workers();
        int capacity = settings.options().capacity();
        Intake.Parking parking =
                new Intake.Parking(
                        Math.max(MOST_PARKED, capacity) / workers, MOST_PARKED_BYTES / workers);
        Attempts<?> attempts = attempts(settings, handler);
        for (int i = 0; i < workers; i++) {
            Lane<?> lane =
                    new Lane<>(attempts, new Intake(Math.max(1, capacity / workers), parking));
            lanes.add(lane);
            Thread thread =
                    Thread.ofVirtual()
                            .name("events-" + settings.subscription() + "-" + i)
                            .unstarted(() -> work(lane));
            threads.add(thread);
            bus.begins(thread);
        }
        threads.forEach(Thread::start);
    }

    private void work(Lane<?> lane) {
        try {
            lane.run();
        } finally {
            bus.ends(Thread.currentThread());
        }
    }

    private static <E extends BaseEvent> Attempts<E> attempts(
            HandlerSettings settings, EventHandler<E> handler) {
        return new Attempts<>(settings, handler);
    }

    /**
     * Takes the delivery, as soon as there is room.
     *
     * @return false if the dispatcher was closed: nothing was and will be done with it
     * @throws InterruptedException if interrupted while waiting; nothing was done with it
     */
    public boolean dispatch(Delivery delivery) throws InterruptedException {
        return intakeOf(delivery).add(delivery, true);
    }

    /** As {@link #dispatch}, but at once, whether there is room or not. */
    public boolean admit(Delivery delivery) {
        try {
            return intakeOf(delivery).add(delivery, false);
        } catch (InterruptedException e) {
            throw new IllegalStateException("it does not wait", e);
        }
    }

    /** As {@link #dispatch}, but without waiting. */
    public Answer offer(Delivery delivery) {
        return intakeOf(delivery).offer(delivery);
    }

    /** Whether this key does not wait for a retry, and there is room at present. */
    public boolean hasRoomFor(String key) {
        return lanes.get(laneOf(key)).intake().hasRoomFor(key);
    }

    /** Whether the thread is one of the workers. */
    public boolean owns(Thread thread) {
        return threads.contains(thread);
    }

    /** How many deliveries wait, are parked or under way. */
    public int inHand() {
        return lanes.stream().mapToInt(lane -> lane.intake().inHand()).sum();
    }

    /** How many deliveries wait for a retry, or behind one that does. */
    public int parked() {
        return lanes.stream().mapToInt(lane -> lane.intake().held()).sum();
    }

    /** How long those together are. */
    public long parkedBytes() {
        return lanes.stream().mapToLong(lane -> lane.intake().heldBytes()).sum();
    }

    /** Begins no more retries; takes what comes, until it is closed. */
    void settle() {
        lanes.forEach(lane -> lane.intake().settle());
    }

    /**
     * Waits until there is nothing to do at the moment, except for the current thread.
     *
     * @return how many deliveries have been taken so far
     */
    long awaitQuiet() {
        long taken = 0;
        for (int i = 0; i < lanes.size(); i++) {
            if (!Thread.currentThread().equals(threads.get(i))) {
                taken += lanes.get(i).intake().awaitQuiet();
            }
        }
        return taken;
    }

    /**
     * Takes no more, finishes what waits, gives back what waits for a retry, and returns; called by
     * a handler, it does not wait for that handler.
     */
    @Override
    public void close() {
        end(true);
    }

    /**
     * Takes no more, finishes what is under way, gives back the rest, and returns; called by a
     * handler of the same bus, it waits for no handler.
     */
    public void stop() {
        end(false);
    }

    /**
     * Whether the current thread may wait for what waits for the workers.
     *
     * @param drain whether they are closed, or stopped
     */
    public boolean isAwaitable(boolean drain) {
        return drain ? !owns(Thread.currentThread()) : !bus.isHandler();
    }

    private void end(boolean drain) {
        lanes.forEach(lane -> lane.intake().end(drain));
        if (!drain && bus.isHandler()) {
            return;
        }
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive() && !Thread.currentThread().equals(thread)) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private Intake intakeOf(Delivery delivery) {
        return lanes.get(lanes.size() == 1 ? 0 : laneOf(delivery.key())).intake();
    }

    private int laneOf(String key) {
        int hash = key.hashCode();
        return Math.floorMod(hash ^ (hash >>> 16), lanes.size());
    }
}
