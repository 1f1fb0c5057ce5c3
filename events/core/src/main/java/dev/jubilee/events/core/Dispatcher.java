package dev.jubilee.events.core;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.EventHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Hands deliveries to a handler, in its own threads: those of one key in order, retrying as its
 * {@link dev.jubilee.events.RetryStrategy} says. One that waits for its retry holds back its key at
 * most, never the others. Holds so many deliveries as the options' capacity, and then makes whoever
 * delivers wait; the workers share the capacity evenly. Thread-safe.
 */
public final class Dispatcher implements AutoCloseable {
    private final List<Lane<?>> lanes = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final Predicate<Thread> neverWaits;

    /** Starts the workers. */
    public Dispatcher(HandlerSettings settings, EventHandler<?> handler) {
        this(settings, handler, thread -> false);
    }

    /** As above; threads of the kind given are let in beyond the capacity. */
    Dispatcher(HandlerSettings settings, EventHandler<?> handler, Predicate<Thread> neverWaits) {
        this.neverWaits = neverWaits;
        int workers = settings.options().workers();
        int capacity = Math.max(1, settings.options().capacity() / workers);
        Attempts<?> attempts = attempts(settings, handler);
        for (int i = 0; i < workers; i++) {
            Lane<?> lane = new Lane<>(attempts, capacity);
            lanes.add(lane);
            threads.add(
                    Thread.ofVirtual()
                            .name("events-" + settings.subscription() + "-" + i)
                            .start(lane));
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
        boolean mayWait = !neverWaits.test(Thread.currentThread());
        return laneOf(delivery).add(delivery, mayWait);
    }

    /** As {@link #dispatch}, but without waiting: false also if there is no room. */
    public boolean offer(Delivery delivery) {
        return laneOf(delivery).offer(delivery);
    }

    /** Whether the thread is one of the workers. */
    public boolean owns(Thread thread) {
        return threads.contains(thread);
    }

    /** How many deliveries wait, are parked or under way. */
    public int inHand() {
        return lanes.stream().mapToInt(Lane::inHand).sum();
    }

    /**
     * Takes no more, finishes what waits, gives back what waits for a retry, and returns; called by
     * a handler, it does not wait for that handler.
     */
    @Override
    public void close() {
        end(true);
    }

    /** Takes no more, finishes what is under way, gives back the rest, and returns. */
    public void stop() {
        end(false);
    }

    private void end(boolean drain) {
        lanes.forEach(lane -> lane.end(drain));
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

    private Lane<?> laneOf(Delivery delivery) {
        if (lanes.size() == 1) {
            return lanes.getFirst();
        }
        int hash = delivery.key().hashCode();
        return lanes.get(Math.floorMod(hash ^ (hash >>> 16), lanes.size()));
    }
}
