package dev.jubilee.events.core;

import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What comes to one worker, and how much of it may. Those that wait for a retry, or behind one that
 * does, are counted apart, up to a number and a length; beyond that they take room from the others.
 * Thread-safe.
 */
final class Intake {
    private final int capacity;
    private final Parking parking;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition filled = lock.newCondition();
    private final Condition room = lock.newCondition();
    private final Condition quiet = lock.newCondition();
    private final Set<String> parkedKeys = new HashSet<>();
    private ArrayDeque<Delivery> incoming = new ArrayDeque<>();
    private int inHand;
    private int held;
    private long heldBytes;
    private int waiting;
    private boolean idle;
    private long accepted;
    private End end = End.NOT_YET;

    private volatile boolean stopped;
    private volatile boolean settling;

    /**
     * How many deliveries may wait for a retry, or behind one that does, beside all others.
     *
     * @param events so many
     * @param bytes so long together, as far as the transport knows
     */
    record Parking(int events, long bytes) {}

    private enum End {
        NOT_YET,
        DRAIN,
        STOP
    }

    Intake(int capacity, Parking parking) {
        this.capacity = capacity;
        this.parking = parking;
    }

    /**
     * Takes the delivery, waiting for room unless it must not.
     *
     * @return false if the worker has ended
     */
    boolean add(Delivery delivery, boolean mayWait) throws InterruptedException {
        lock.lock();
        try {
            while (mayWait && end == End.NOT_YET && answer(delivery) != Answer.TAKEN) {
                waiting++;
                try {
                    room.await();
                } finally {
                    waiting--;
                }
            }
            return accept(delivery);
        } finally {
            lock.unlock();
        }
    }

    /** Takes the delivery if there is room and the worker has not ended. */
    Answer offer(Delivery delivery) {
        lock.lock();
        try {
            Answer answer = answer(delivery);
            return answer == Answer.TAKEN && !accept(delivery) ? Answer.FULL : answer;
        } finally {
            lock.unlock();
        }
    }

    private Answer answer(Delivery delivery) {
        if (holdsEnough() && !parkedKeys.isEmpty() && parkedKeys.contains(delivery.key())) {
            return Answer.KEY_FULL;
        }
        return isFull() ? Answer.FULL : Answer.TAKEN;
    }

    private boolean isFull() {
        return inHand - apart() >= capacity;
    }

    private boolean holdsEnough() {
        return held >= parking.events || heldBytes >= parking.bytes;
    }

    /** How many of those in hand are not counted: of those that are held, as many as may be. */
    private int apart() {
        int most = Math.min(held, parking.events);
        return heldBytes <= parking.bytes
                ? most
                : (int) Math.min(most, held * ((double) parking.bytes / heldBytes));
    }

    private boolean accept(Delivery delivery) {
        if (end != End.NOT_YET) {
            return false;
        }
        inHand++;
        accepted++;
        incoming.add(delivery);
        if (incoming.size() == 1) {
            filled.signal();
        }
        return true;
    }

    /** Whether the key does not wait for a retry, and there is room. */
    boolean hasRoomFor(String key) {
        lock.lock();
        try {
            return end == End.NOT_YET && !isFull() && !parkedKeys.contains(key);
        } finally {
            lock.unlock();
        }
    }

    /** Begins no more retries, but takes what comes. */
    void settle() {
        lock.lock();
        try {
            settling = true;
            filled.signal();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until nothing is to be done at the moment; a retry is not, after {@link #settle}.
     *
     * @return how many deliveries have been taken so far
     */
    long awaitQuiet() {
        lock.lock();
        try {
            while (!(idle && incoming.isEmpty()) && end == End.NOT_YET) {
                quiet.awaitUninterruptibly();
            }
            return accepted;
        } finally {
            lock.unlock();
        }
    }

    /** Takes no more; hands out what waits, if it is to be drained. */
    void end(boolean drain) {
        lock.lock();
        try {
            if (end == End.NOT_YET || !drain) {
                end = drain ? End.DRAIN : End.STOP;
            }
            stopped |= end == End.STOP;
            filled.signal();
            room.signalAll();
            quiet.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Whether nothing more is to be begun. */
    boolean isStopped() {
        return stopped;
    }

    /** Whether what is due is to be tried again. */
    boolean mayRetry() {
        return !stopped && !settling;
    }

    /** How many are waiting, held or under way. */
    int inHand() {
        lock.lock();
        try {
            return inHand;
        } finally {
            lock.unlock();
        }
    }

    /** How many wait for a retry, or behind one that does. */
    int held() {
        lock.lock();
        try {
            return held;
        } finally {
            lock.unlock();
        }
    }

    /** How long those together are, as far as the transport knows. */
    long heldBytes() {
        lock.lock();
        try {
            return heldBytes;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for deliveries or for a retry to be due.
     *
     * @param emptied becomes the queue for those to come
     * @param next the retry that is due next
     * @return what came; null when there is no more
     */
    @Nullable ArrayDeque<Delivery> take(ArrayDeque<Delivery> emptied, @Nullable Parked next) {
        lock.lock();
        try {
            idle = true;
            while (incoming.isEmpty() && end == End.NOT_YET) {
                quiet.signalAll();
                if (next == null || settling) {
                    filled.awaitUninterruptibly();
                } else {
                    long nanos = next.dueAt - System.nanoTime();
                    if (nanos <= 0) {
                        return emptied;
                    }
                    filled.awaitNanos(nanos);
                }
            }
            if (incoming.isEmpty()) {
                return null;
            }
            ArrayDeque<Delivery> came = incoming;
            incoming = emptied;
            return came;
        } catch (InterruptedException e) {
            // Nobody interrupts a worker but a handler its own thread: nothing of ours to end.
            return emptied;
        } finally {
            idle = false;
            lock.unlock();
        }
    }

    /** So many are done with. */
    void finished(int count) {
        lock.lock();
        try {
            inHand -= count;
            makeRoom();
        } finally {
            lock.unlock();
        }
    }

    /** It waits, for its own retry or behind another of its key. */
    void hold(Delivery delivery) {
        hold(delivery, 1);
    }

    /** It waits no more. */
    void letGo(Delivery delivery) {
        hold(delivery, -1);
    }

    private void hold(Delivery delivery, int count) {
        lock.lock();
        try {
            held += count;
            heldBytes += (long) count * delivery.bytes();
            makeRoom();
        } finally {
            lock.unlock();
        }
    }

    /** Deliveries of this key wait for one that is tried again, until it is free. */
    void parked(String key) {
        lock.lock();
        try {
            parkedKeys.add(key);
        } finally {
            lock.unlock();
        }
    }

    void free(String key) {
        lock.lock();
        try {
            parkedKeys.remove(key);
            makeRoom();
        } finally {
            lock.unlock();
        }
    }

    private void makeRoom() {
        if (waiting > 0 && !isFull()) {
            room.signalAll();
        }
    }
}
