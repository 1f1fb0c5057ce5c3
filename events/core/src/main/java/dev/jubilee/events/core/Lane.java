package dev.jubilee.events.core;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.RetryStrategy;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One worker with its queue. Everything that waits is counted in, that to be retried too, so the
 * lane never holds more than its capacity. What is parked belongs to the worker's thread alone.
 */
final class Lane<E extends BaseEvent> implements Runnable {
    /** After so many, those who wait for room are told of it, in the middle of a batch. */
    private static final int TELL_EVERY = 64;

    private final Attempts<E> attempts;
    private final int capacity;
    private final boolean ordered;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition filled = lock.newCondition();
    private final Condition room = lock.newCondition();
    private ArrayDeque<Delivery> incoming = new ArrayDeque<>();
    private int inHand;
    private int waiting;
    private End end = End.NOT_YET;

    private ArrayDeque<Delivery> batch = new ArrayDeque<>();
    private final Map<String, Parked> parked = new HashMap<>();
    private final PriorityQueue<Parked> due = new PriorityQueue<>();
    private int finished;

    private volatile boolean stopped;

    private enum End {
        NOT_YET,
        DRAIN,
        STOP
    }

    Lane(Attempts<E> attempts, int capacity) {
        this.attempts = attempts;
        this.capacity = capacity;
        this.ordered = attempts.strategy().order() == RetryStrategy.Order.PER_KEY;
    }

    /**
     * Takes the delivery, waiting for room unless it must not.
     *
     * @return false if the lane has ended
     */
    boolean add(Delivery delivery, boolean mayWait) throws InterruptedException {
        lock.lock();
        try {
            while (inHand >= capacity && mayWait && end == End.NOT_YET) {
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

    /** Takes the delivery if there is room and the lane has not ended. */
    boolean offer(Delivery delivery) {
        lock.lock();
        try {
            return inHand < capacity && accept(delivery);
        } finally {
            lock.unlock();
        }
    }

    private boolean accept(Delivery delivery) {
        if (end != End.NOT_YET) {
            return false;
        }
        inHand++;
        incoming.add(delivery);
        if (incoming.size() == 1) {
            filled.signal();
        }
        return true;
    }

    /** Takes no more; handles what waits, if it is to be drained, and what is under way. */
    void end(boolean drain) {
        lock.lock();
        try {
            if (end == End.NOT_YET || !drain) {
                end = drain ? End.DRAIN : End.STOP;
            }
            stopped |= end == End.STOP;
            filled.signal();
            room.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** How many are waiting, parked or under way. */
    int inHand() {
        lock.lock();
        try {
            return inHand;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void run() {
        while (takeBatch()) {
            for (Delivery delivery = batch.poll(); delivery != null; delivery = batch.poll()) {
                if (stopped) {
                    giveBack(delivery);
                } else {
                    arrived(delivery);
                    retryDue();
                }
                if (finished >= TELL_EVERY) {
                    makeRoom();
                }
            }
            retryDue();
        }
        due.forEach(waiter -> {
            giveBack(waiter.delivery);
            waiter.successors.forEach(this::giveBack);
        });
        due.clear();
        parked.clear();
    }

    /** Waits for deliveries or for a retry to be due; false when the lane is done. */
    private boolean takeBatch() {
        lock.lock();
        try {
            makeRoom();
            while (incoming.isEmpty() && end == End.NOT_YET) {
                Parked next = due.peek();
                if (next == null) {
                    filled.awaitUninterruptibly();
                } else {
                    long nanos = next.dueAt - System.nanoTime();
                    if (nanos <= 0) {
                        return true;
                    }
                    filled.awaitNanos(nanos);
                }
            }
            if (incoming.isEmpty()) {
                return false;
            }
            ArrayDeque<Delivery> empty = batch;
            batch = incoming;
            incoming = empty;
            return true;
        } catch (InterruptedException e) {
            // Nobody interrupts a worker but a handler its own thread: nothing of ours to end.
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void makeRoom() {
        lock.lock();
        try {
            inHand -= finished;
            finished = 0;
            if (waiting > 0 && inHand < capacity) {
                room.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    private void arrived(Delivery delivery) {
        if (ordered && !parked.isEmpty()) {
            Parked ahead = parked.get(delivery.key());
            if (ahead != null) {
                ahead.successors.add(delivery);
                return;
            }
        }
        Parked failed = handle(delivery);
        if (failed != null) {
            park(failed);
        }
    }

    private void park(Parked failed) {
        if (ordered) {
            parked.put(failed.delivery.key(), failed);
        }
        due.add(failed);
    }

    private void retryDue() {
        while (!due.isEmpty() && !stopped) {
            Parked next = due.peek();
            if (next.dueAt - System.nanoTime() > 0) {
                return;
            }
            due.remove();
            if (proceed(next)) {
                parked.remove(next.delivery.key(), next);
                release(next.successors);
            } else {
                due.add(next);
            }
        }
    }

    /** Handles those that waited behind one that is settled; if one fails, the rest waits again. */
    private void release(Deque<Delivery> successors) {
        for (Delivery next = successors.poll(); next != null; next = successors.poll()) {
            if (stopped) {
                giveBack(next);
                continue;
            }
            Parked failed = handle(next);
            if (failed != null) {
                failed.successors.addAll(successors);
                park(failed);
                return;
            }
        }
    }

    /** Handles it for the first time; null when it is settled. */
    private @Nullable Parked handle(Delivery delivery) {
        if (!delivery.isOurs()) {
            giveBack(delivery);
            return null;
        }
        Throwable failure = call(delivery);
        if (failure == null) {
            settle(delivery);
            return null;
        }
        Parked failed = new Parked(delivery, failure);
        return follow(failed) ? null : failed;
    }

    /** Tries again, or to bury it again; whether it is settled. */
    private boolean proceed(Parked waiter) {
        if (!waiter.delivery.isOurs()) {
            giveBack(waiter.delivery);
            return true;
        }
        if (!waiter.givenUp) {
            Throwable failure = call(waiter.delivery);
            waiter.attempts++;
            if (failure == null) {
                settle(waiter.delivery);
                return true;
            }
            waiter.failure = failure;
        }
        return follow(waiter);
    }

    /** Does what follows a failure, until it is settled or has to wait; whether it is settled. */
    private boolean follow(Parked failed) {
        while (!failed.givenUp) {
            switch (judge(failed)) {
                case Attempts.Next.GiveUp giveUp -> failed.givenUp = true;
                case Attempts.Next.After(Duration pause) -> {
                    failed.dueAt = System.nanoTime() + pause.toNanos();
                    return false;
                }
                case Attempts.Next.Again again -> {
                    Throwable failure = call(failed.delivery);
                    failed.attempts++;
                    if (failure == null) {
                        settle(failed.delivery);
                        return true;
                    }
                    failed.failure = failure;
                }
            }
        }
        Duration pause = attempts.bury(failed.delivery, failed.failure, failed.attempts);
        if (pause != null) {
            failed.dueAt = System.nanoTime() + pause.toNanos();
            return false;
        }
        settle(failed.delivery);
        return true;
    }

    /** Handles it once; the failure if it failed. */
    private @Nullable Throwable call(Delivery delivery) {
        Throwable failure = attempts.call(delivery);
        forgetInterrupt();
        return failure;
    }

    private Attempts.Next judge(Parked failed) {
        Attempts.Next next = attempts.judge(failed.delivery, failed.failure, failed.attempts);
        forgetInterrupt();
        return next;
    }

    /** The thread is ours: a handler that leaves it interrupted must not disturb what follows. */
    private static void forgetInterrupt() {
        boolean unused = Thread.interrupted();
    }

    private void settle(Delivery delivery) {
        finished++;
        attempts.settle(delivery);
    }

    private void giveBack(Delivery delivery) {
        finished++;
        attempts.giveBack(delivery);
    }
}
