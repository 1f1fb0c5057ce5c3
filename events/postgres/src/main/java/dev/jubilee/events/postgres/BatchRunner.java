package dev.jubilee.events.postgres;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Brings a batch to its end: every submission is answered when it returns. */
final class BatchRunner<T, R> {
    private static final Logger LOG = LoggerFactory.getLogger(BatchRunner.class);
    private static final long FIRST_PAUSE = TimeUnit.MILLISECONDS.toNanos(2);
    private static final long LONGEST_CONFLICT_PAUSE = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long LONGEST_TROUBLE_PAUSE = TimeUnit.MILLISECONDS.toNanos(500);

    private final String lane;
    private final LaneTransaction<T, R> transaction;
    private final LaneListener listener;
    private final Runnable whilePausing;

    /** While it pauses between tries it lets those be dropped who wait behind it. */
    BatchRunner(
            String lane,
            LaneTransaction<T, R> transaction,
            LaneListener listener,
            Runnable whilePausing) {
        this.lane = lane;
        this.transaction = transaction;
        this.listener = listener;
        this.whilePausing = whilePausing;
    }

    void run(List<Submission<T, R>> batch) {
        try {
            Deque<List<Submission<T, R>>> parts = new ArrayDeque<>();
            parts.push(batch);
            while (!parts.isEmpty()) {
                settle(parts.pop(), parts);
            }
        } catch (Throwable e) { // of nothing we know, and no reason for the lane to end
            LOG.error("Lane {} does not know what came of {} items", lane, batch.size(), e);
            for (Submission<T, R> submission : batch) {
                submission.completeExceptionally(new OutcomeUnknown(lane, e));
            }
        }
    }

    /** Answers all of this part, or splits it. */
    private void settle(List<Submission<T, R>> part, Deque<List<Submission<T, R>>> parts) {
        long start = System.nanoTime();
        for (int attempt = 0; ; attempt++) {
            List<Submission<T, R>> live = stillWanted(part);
            if (live.isEmpty()) {
                return;
            }
            switch (transaction.execute(items(live))) {
                case LaneTransaction.Outcome.Committed<R>(List<R> results) -> {
                    committed(live, results, start);
                    return;
                }
                case LaneTransaction.Outcome.Undone<R>(SqlFailure kind, Throwable cause) -> {
                    if (kind == SqlFailure.FAULT) {
                        splitOrFail(live, cause, parts);
                        return;
                    }
                    listener.retrying(live.size(), cause);
                    pause(attempt, kind);
                }
                case LaneTransaction.Outcome.Unknown<R> unknown -> {
                    listener.retrying(live.size(), unknown.cause());
                    if (wasCommitted(live, unknown)) {
                        committed(live, unknown.results(), start);
                        return;
                    }
                }
            }
        }
    }

    private void committed(List<Submission<T, R>> batch, List<R> results, long start) {
        listener.committed(batch.size(), Duration.ofNanos(System.nanoTime() - start));
        for (int i = 0; i < batch.size(); i++) {
            batch.get(i).complete(results.get(i));
        }
    }

    private void splitOrFail(
            List<Submission<T, R>> part, Throwable cause, Deque<List<Submission<T, R>>> parts) {
        if (part.size() == 1) {
            listener.poisoned(cause);
            part.getFirst().completeExceptionally(cause);
            return;
        }
        int half = part.size() / 2;
        parts.push(part.subList(half, part.size()));
        parts.push(part.subList(0, half));
    }

    /**
     * Finds out whether the transaction was committed. Those whose time is up meanwhile are told
     * that nobody knows; false once nobody is left to be told anything else.
     */
    private boolean wasCommitted(
            List<Submission<T, R>> batch, LaneTransaction.Outcome.Unknown<R> unknown) {
        for (int attempt = 0; ; attempt++) {
            try {
                return transaction.isCommitted(unknown.mark());
            } catch (Throwable e) { // it is no answer, whatever it is
                if (!e.equals(unknown.cause())) {
                    unknown.cause().addSuppressed(e);
                }
            }
            long now = System.nanoTime();
            boolean anyoneWaits = false;
            for (Submission<T, R> submission : batch) {
                if (submission.deadline - now <= 0) {
                    submission.completeExceptionally(new OutcomeUnknown(lane, unknown.cause()));
                }
                anyoneWaits |= !submission.isDone();
            }
            if (!anyoneWaits) {
                return false;
            }
            pause(attempt, SqlFailure.TROUBLE);
        }
    }

    /** Those of a batch that has left nothing behind who still want it; the others are told. */
    private List<Submission<T, R>> stillWanted(List<Submission<T, R>> batch) {
        long now = System.nanoTime();
        List<Submission<T, R>> wanted = new ArrayList<>(batch.size());
        for (Submission<T, R> submission : batch) {
            if (isWanted(submission, now)) {
                wanted.add(submission);
            }
        }
        if (wanted.size() < batch.size()) {
            listener.dropped(batch.size() - wanted.size());
        }
        return wanted;
    }

    /** Whether the caller still waits; one whose time is up is told so. */
    boolean isWanted(Submission<T, R> submission, long now) {
        if (submission.isDone()) {
            return false;
        }
        if (submission.deadline - now > 0) {
            return true;
        }
        submission.completeExceptionally(new LaneRefusal(lane, LaneRefusal.Reason.TOO_LATE));
        return false;
    }

    private List<T> items(List<Submission<T, R>> batch) {
        List<T> items = new ArrayList<>(batch.size());
        for (Submission<T, R> submission : batch) {
            items.add(submission.item);
        }
        return items;
    }

    private void pause(int attempt, SqlFailure kind) {
        long longest = kind == SqlFailure.CONFLICT ? LONGEST_CONFLICT_PAUSE : LONGEST_TROUBLE_PAUSE;
        long pause = Math.min(longest, FIRST_PAUSE << Math.min(attempt, 16));
        // Jitter, so that two lanes in each other's way do not meet again at the same moment.
        long end = System.nanoTime() + ThreadLocalRandom.current().nextLong(pause / 2, pause + 1);
        whilePausing.run();
        for (long rest = end - System.nanoTime(); rest > 0; rest = end - System.nanoTime()) {
            LockSupport.parkNanos(rest);
        }
    }
}
