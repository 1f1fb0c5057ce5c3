package dev.jubilee.events.core;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.RetryStrategy;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * One worker, with what comes to it and what waits to be tried again. What is parked belongs to the
 * worker's thread alone.
 */
final class Lane<E extends BaseEvent> implements Runnable {
    /** After so many, those who wait for room are told of it, in the middle of a batch. */
    private static final int TELL_EVERY = 64;

    private final Attempts<E> attempts;
    private final Intake intake;
    private final boolean ordered;

    private ArrayDeque<Delivery> batch = new ArrayDeque<>();
    private final Map<String, Parked> parked = new HashMap<>();
    private final PriorityQueue<Parked> due = new PriorityQueue<>();
    private int finished;
    private int lost;

    Lane(Attempts<E> attempts, Intake intake) {
        this.attempts = attempts;
        this.intake = intake;
        this.ordered = attempts.strategy().order() == RetryStrategy.Order.PER_KEY;
    }

    Intake intake() {
        return intake;
    }

    @Override
    public void run() {
        while (takeBatch()) {
            for (Delivery delivery = batch.poll(); delivery != null; delivery = batch.poll()) {
                if (intake.isStopped()) {
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
        makeRoom();
        attempts.tellLost(lost);
    }

    /** Waits for deliveries or for a retry to be due; false when the lane is done. */
    private boolean takeBatch() {
        makeRoom();
        ArrayDeque<Delivery> came = intake.take(batch, due.peek());
        if (came == null) {
            return false;
        }
        batch = came;
        return true;
    }

    private void makeRoom() {
        intake.finished(finished);
        finished = 0;
    }

    private void arrived(Delivery delivery) {
        if (ordered && !parked.isEmpty()) {
            Parked ahead = parked.get(delivery.key());
            if (ahead != null) {
                ahead.successors.add(delivery);
                intake.hold(delivery);
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
            intake.parked(failed.delivery.key());
        }
        intake.hold(failed.delivery);
        due.add(failed);
    }

    private void unpark(Parked settled) {
        intake.letGo(settled.delivery);
        if (parked.remove(settled.delivery.key(), settled)) {
            intake.free(settled.delivery.key());
        }
    }

    private void retryDue() {
        while (!due.isEmpty() && intake.mayRetry()) {
            Parked next = due.peek();
            if (next.dueAt - System.nanoTime() > 0) {
                return;
            }
            due.remove();
            if (proceed(next)) {
                unpark(next);
                release(next.successors);
            } else {
                due.add(next);
            }
        }
    }

    /** Handles those that waited behind one that is settled; if one fails, the rest waits again. */
    private void release(Deque<Delivery> successors) {
        for (Delivery next = successors.poll(); next != null; next = successors.poll()) {
            intake.letGo(next);
            if (intake.isStopped()) {
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
        if (!attempts.giveBack(delivery)) {
            lost++;
        }
    }
}
