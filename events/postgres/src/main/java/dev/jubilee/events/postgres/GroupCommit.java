package dev.jubilee.events.postgres;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A lane that writes many small things in few transactions: whatever was submitted while the last
 * batch was committing is the next batch. Each caller gets its own result, and only after the
 * commit. Nothing lingers: an idle lane starts at once.
 *
 * <ul>
 *   <li><b>Bounded.</b> A full lane refuses at once ({@link LaneRefusal}).
 *   <li><b>Fair.</b> Keys take turns, one item each, so a busy key delays another by one item a
 *       batch at most; items of one key stay in order. No key can take the last room.
 *   <li><b>One for all, not all for one.</b> Deadlocks, serialization failures and lost connections
 *       are tried again; an item that cannot be written fails alone, with the exception the work
 *       threw.
 *   <li><b>Exactly once.</b> When a connection breaks during a commit, PostgreSQL is asked whether
 *       it was done (see {@link CommitToken}); only if it does not answer in time the callers get
 *       {@link OutcomeUnknown}.
 *   <li><b>Dropped before, never after.</b> A caller that has cancelled its future, or whose time
 *       is up, is dropped as long as nothing of it is written. Once its batch is being written,
 *       cancelling changes nothing but that nobody listens.
 * </ul>
 *
 * <p>Work that says it is {@link LaneSettings#repeatable} commits by itself and is simply done
 * again when a connection breaks.
 *
 * <p>Thread-safe. Futures complete on the lane's thread: what depends on them must be short, or
 * move elsewhere. A lane borrows one connection at a time, and none while it is idle.
 */
public final class GroupCommit<T, R> implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GroupCommit.class);

    private static final long GLANCE = TimeUnit.MICROSECONDS.toNanos(20);
    private static final long LONGEST_GATHERING = TimeUnit.MILLISECONDS.toNanos(2);

    private final LaneSettings settings;
    private final LaneListener listener;
    private final FairQueue<T, R> queue;
    private final LaneTransaction<T, R> transaction;
    private final BatchRunner<T, R> runner;
    private final AtomicBoolean idle = new AtomicBoolean();
    private final Thread thread;
    private volatile boolean closed;

    /** Starts the lane. */
    public GroupCommit(
            LaneSettings settings,
            DataSource dataSource,
            BatchWork<T, R> work,
            LaneListener listener) {
        this.settings = settings;
        this.listener = new GuardedListener(settings.name(), listener);
        this.queue = new FairQueue<>(settings.capacity());
        String tokens = settings.tokenTable();
        this.transaction =
                new LaneTransaction<>(
                        dataSource, work, tokens == null ? null : new CommitToken(tokens));
        this.runner =
                new BatchRunner<>(settings.name(), transaction, this.listener, this::dropUnwanted);
        this.thread = Thread.ofPlatform().name("lane-" + settings.name()).start(this::run);
    }

    /** Submits with the patience of the settings. */
    public CompletableFuture<R> submit(Object key, T item) {
        return submit(key, item, settings.patience());
    }

    /**
     * Submits an item of a key.
     *
     * @param patience how long the caller waits: after that it is refused, unless it is being
     *     written at that moment
     * @return completes with the item's result; with {@link LaneRefusal} when nothing was written
     *     and a later try is safe; with {@link OutcomeUnknown}; or with what the work threw
     */
    public CompletableFuture<R> submit(Object key, T item, Duration patience) {
        FairQueue.Share<T, R> share = queue.reserve(key);
        if (share == null) {
            return refusal(LaneRefusal.Reason.FULL);
        }
        // Only after the place was taken: whoever closes waits until every place is given back.
        if (closed) {
            queue.release(share);
            return refusal(LaneRefusal.Reason.CLOSED);
        }
        long deadline = System.nanoTime() + patience.toNanos();
        Submission<T, R> submission = new Submission<>(item, deadline, share);
        queue.put(submission);
        wake();
        return submission;
    }

    /** How many submissions wait to be batched. */
    public int waiting() {
        return queue.size();
    }

    /**
     * Refuses what comes from now on and returns when everything accepted before has been answered,
     * which takes no longer than the longest patience given.
     */
    @Override
    public void close() {
        closed = true;
        wake();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private CompletableFuture<R> refusal(LaneRefusal.Reason reason) {
        return CompletableFuture.failedFuture(new LaneRefusal(settings.name(), reason));
    }

    private void wake() {
        if (idle.get() && idle.compareAndSet(true, false)) {
            LockSupport.unpark(thread);
        }
    }

    private void run() {
        List<Submission<T, R>> batch = new ArrayList<>(settings.maxBatch());
        while (true) {
            queue.take(settings.maxBatch(), batch);
            if (!batch.isEmpty()) {
                long begun = System.nanoTime();
                runner.run(batch);
                if (settings.gathers() && batch.size() > 1) {
                    gather(batch.size(), System.nanoTime() - begun);
                }
                batch = new ArrayList<>(settings.maxBatch());
            } else if (closed && queue.size() == 0) {
                break;
            } else {
                awaitArrival();
            }
        }
        try {
            transaction.forget();
        } catch (SQLException | RuntimeException e) {
            LOG.debug("Lane {} leaves its token behind", settings.name(), e);
        }
    }

    /** Waits a moment for those who were just answered, who often ask again. */
    private void gather(int answered, long took) {
        int everyone = Math.min(settings.maxBatch(), queue.size() + answered);
        long end = System.nanoTime() + Math.min(LONGEST_GATHERING, took / 8);
        while (queue.size() < everyone && System.nanoTime() < end && !closed) {
            LockSupport.parkNanos(this, GLANCE);
        }
    }

    private void awaitArrival() {
        if (closed) {
            Thread.onSpinWait(); // a place is taken, its submission arrives within an instant
            return;
        }
        idle.set(true);
        while (idle.get() && queue.nothingArrived() && !closed) {
            LockSupport.park(this);
        }
        idle.set(false);
    }

    /** While PostgreSQL cannot serve, those who wait are still answered in time. */
    private void dropUnwanted() {
        long now = System.nanoTime();
        int[] dropped = {0};
        queue.sweep(submission -> {
            boolean useless = !runner.isWanted(submission, now);
            dropped[0] += useless ? 1 : 0;
            return useless;
        });
        if (dropped[0] > 0) {
            listener.dropped(dropped[0]);
        }
    }
}
