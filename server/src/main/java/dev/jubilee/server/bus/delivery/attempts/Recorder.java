package dev.jubilee.server.bus.delivery.attempts;

import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.DatabaseException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the outcomes of deliveries: what gathers during one transaction is the next. A batch is
 * tried until PostgreSQL takes it; an entry that PostgreSQL can never take is singled out and left
 * out. Thread-safe.
 */
public final class Recorder implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Recorder.class);
    private static final int MAX_BATCH = 5_000;
    private static final int FULL = 20_000;
    private static final long FULL_BYTES = 16L << 20;

    /** How long entries wait for more, so that a few rows are not a transaction each. */
    private static final Duration GATHERING = Duration.ofMillis(20);

    private static final long LONGEST_PAUSE = Duration.ofSeconds(2).toNanos();

    /** Something to be written. */
    public sealed interface Entry {
        /** The outcome of one attempt, and with it of the delivery. */
        record Tried(Attempt attempt) implements Entry {}

        /** The state of a subscription's circuit. */
        record Circuit(UUID subscription, String state, @Nullable Instant until) implements Entry {}

        /**
         * Deliveries that left memory, and wait.
         *
         * @param ids those whose rows do not say yet that they wait
         * @param written run once they do
         */
        record PutBack(UUID subscription, List<Long> ids, Runnable written) implements Entry {}

        /** A mark for {@link #flush}: everything before it is written. */
        record Mark(CountDownLatch passed) implements Entry {}
    }

    private final Database database;
    private final AttemptStore store;
    private final Consumer<Attempt> written;
    private final BlockingQueue<Entry> entries = new LinkedBlockingQueue<>();
    private final AtomicLong bytes = new AtomicLong();
    private final Semaphore hurry = new Semaphore(0);
    private final Thread thread;
    private final AtomicLong unrecorded = new AtomicLong();
    private volatile boolean closed;

    /**
     * @param written is told of tries when what came of them stands in PostgreSQL
     */
    public Recorder(Database database, AttemptStore store, Consumer<Attempt> written) {
        this.written = written;
        this.database = database;
        this.store = store;
        this.thread = Thread.ofPlatform().name("delivery-recorder").daemon().unstarted(this::run);
    }

    public void start() {
        thread.start();
    }

    public void record(Entry entry) {
        bytes.addAndGet(bytes(entry));
        entries.add(entry);
    }

    /** Whether so much waits to be written that nothing more should be sent. */
    public boolean isFull() {
        return entries.size() > FULL || bytes.get() > FULL_BYTES;
    }

    /** How many outcomes were left out because PostgreSQL can never take them. */
    public long unrecorded() {
        return unrecorded.get();
    }

    private static long bytes(Entry entry) {
        return entry instanceof Entry.Tried(Attempt attempt) ? attempt.bytes() : 0;
    }

    /** Returns when everything recorded so far is written, or after ten seconds. */
    public void flush() {
        CountDownLatch passed = new CountDownLatch(1);
        entries.add(new Entry.Mark(passed));
        hurry.release();
        try {
            if (!passed.await(10, TimeUnit.SECONDS)) {
                log.warn("outcomes of deliveries could not be written; they will be tried again");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Writes what is left. */
    @Override
    public void close() {
        if (thread.isAlive()) {
            flush();
        }
        closed = true;
        thread.interrupt();
    }

    private void run() {
        List<Entry> batch = new ArrayList<>();
        while (!closed) {
            try {
                batch.clear();
                gather(batch);
                write(batch);
            } catch (InterruptedException e) {
                // Closed, or nothing: the loop looks.
            } catch (RuntimeException | LinkageError | StackOverflowError e) {
                log.error("what came of deliveries could not be recorded; it goes on", e);
            }
        }
    }

    private void gather(List<Entry> batch) throws InterruptedException {
        Entry first = entries.take();
        batch.add(first);
        if (!(first instanceof Entry.Mark) && entries.size() < MAX_BATCH) {
            // Whether somebody flushes or the time is over makes no difference.
            var _ = hurry.tryAcquire(GATHERING.toMillis(), TimeUnit.MILLISECONDS);
        }
        hurry.drainPermits();
        entries.drainTo(batch, MAX_BATCH - 1);
    }

    private void write(List<Entry> batch) {
        long pause = Duration.ofMillis(50).toNanos();
        boolean repeated = false;
        while (!closed) {
            try {
                writeAtOnce(batch, repeated);
            } catch (DatabaseException e) {
                if (e.isOfValues()) {
                    writeApart(batch, e);
                    return;
                }
                log.warn("what came of deliveries cannot be written yet: {}", e.getMessage());
                repeated = true;
                LockSupport.parkNanos(pause);
                pause = Math.min(2 * pause, LONGEST_PAUSE);
                continue;
            } catch (RuntimeException | LinkageError | StackOverflowError e) {
                writeApart(batch, e);
                return;
            }
            batch.forEach(this::tell);
            return;
        }
    }

    private void writeAtOnce(List<Entry> batch, boolean repeated) {
        store.ensurePartitions(batch);
        database.transaction(connection -> {
            store.write(connection, batch, repeated);
            return batch;
        });
    }

    /** Writes each half by itself: one entry can never be written, and must not keep the others. */
    private void writeApart(List<Entry> batch, Throwable fault) {
        if (batch.size() > 1) {
            int half = batch.size() / 2;
            write(batch.subList(0, half));
            write(batch.subList(half, batch.size()));
        } else if (batch.getFirst() instanceof Entry.Tried(Attempt attempt)
                && attempt.saysSomething()) {
            // What becomes of the delivery matters more than what somebody said.
            bytes.addAndGet(-bytes(batch.getFirst()));
            Entry silent = new Entry.Tried(attempt.withoutWords());
            bytes.addAndGet(bytes(silent));
            write(List.of(silent));
        } else {
            leaveOut(batch.getFirst(), fault);
        }
    }

    private void leaveOut(Entry entry, Throwable fault) {
        bytes.addAndGet(-bytes(entry));
        if (unrecorded.getAndIncrement() == 0) {
            log.error(
                    "what came of a delivery cannot be written, and is left out; more of them are only"
                            + " counted: {}",
                    entry,
                    fault);
        }
    }

    /** Tells that an entry is written; a failure does not keep others from being told. */
    private void tell(Entry entry) {
        try {
            written(entry);
        } catch (RuntimeException | LinkageError | StackOverflowError e) {
            log.error("somebody could not be told that it is written what came of a delivery", e);
        }
    }

    private void written(Entry entry) {
        bytes.addAndGet(-bytes(entry));
        if (entry instanceof Entry.Mark(CountDownLatch passed)) {
            passed.countDown();
        } else if (entry instanceof Entry.Tried(Attempt attempt)) {
            written.accept(attempt);
        } else if (entry instanceof Entry.PutBack back) {
            back.written().run();
        }
    }
}
