package dev.jubilee.server.bus.publish;

import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * The one thread that hands records to Kafka's producer, which blocks while it lacks metadata or
 * memory: no event loop may do that. A topic that Kafka lacks holds it up once, not each time. What
 * waits is bounded, by requests and by bytes; when it is full, {@link #offer} says so at once. No
 * publish is without an outcome for long after its deadline, whatever the producer does. Order of
 * the offers of one thread is kept, but what is urgent goes ahead of what is not, and leaves
 * without waiting for company. Thread-safe.
 */
final class SenderLane implements AutoCloseable {
    private static final long MAX_WAITING_BYTES = 24L << 20;
    private static final int MAX_URGENT_IN_A_ROW = 64;
    private static final Duration CLOSING = Duration.ofSeconds(10);

    private final Producer<byte[], byte[]> producer;
    private final int maxWaiting;
    private final UrgentFlusher flusher;
    private final PublishDeadlines deadlines = new PublishDeadlines();
    private final MissingTopics missing;
    private final Queue<InFlightPublish> queue = new ConcurrentLinkedQueue<>();
    private final Queue<InFlightPublish> urgent = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicLong waitingBytes = new AtomicLong();
    private final Thread thread;
    // Epoch milliseconds; the lane's own thread alone reads and writes it while the lane runs.
    private long settledThrough = Long.MIN_VALUE;
    private volatile boolean parked;
    private volatile boolean closed;
    private volatile boolean ended;

    /**
     * @param producer closed with the lane
     * @param maxWaiting how many may wait
     */
    SenderLane(Producer<byte[], byte[]> producer, int maxWaiting) {
        this.producer = producer;
        this.maxWaiting = maxWaiting;
        this.flusher = new UrgentFlusher(producer);
        this.missing = new MissingTopics(producer);
        this.thread = Thread.ofPlatform().name("publish-lane").daemon().unstarted(this::run);
    }

    void start() {
        flusher.start();
        deadlines.start();
        thread.start();
    }

    /** Takes the publish, or returns false when the lane is full or closed. Never blocks. */
    boolean offer(InFlightPublish inFlight) {
        long before = waitingBytes.get();
        // One that is larger than all the room goes alone; refused, it could never go.
        boolean fits = before == 0 || before + inFlight.bytes() <= MAX_WAITING_BYTES;
        if (closed || waiting.get() >= maxWaiting || !fits) {
            return false;
        }
        waiting.incrementAndGet();
        waitingBytes.addAndGet(inFlight.bytes());
        (inFlight.isUrgent() ? urgent : queue).add(inFlight);
        deadlines.watch(inFlight);
        if (parked) {
            LockSupport.unpark(thread);
        }
        if (ended) {
            abandonAll();
        }
        return true;
    }

    /** How many wait. */
    int waiting() {
        return waiting.get();
    }

    /**
     * Waits until all that was offered before the call has an outcome. From then on refuses what
     * was accepted before the moment.
     */
    void settleThrough(long epochMillis) throws InterruptedException {
        CountDownLatch handedOver = new CountDownLatch(2);
        waiting.addAndGet(2);
        Runnable reached =
                () -> {
                    // Only behind both marks is everything from before the call on its way.
                    if (handedOver.getCount() == 1) {
                        settledThrough = Math.max(settledThrough, epochMillis);
                    }
                    handedOver.countDown();
                };
        urgent.add(InFlightPublish.mark(true, reached));
        queue.add(InFlightPublish.mark(false, reached));
        LockSupport.unpark(thread);
        if (ended) {
            abandonAll();
        }
        handedOver.await();
        producer.flush();
    }

    /** Whether it is handing records over at the moment. */
    boolean isBusy() {
        return !parked && thread.isAlive();
    }

    /** Hands over what was accepted, waits for its acknowledgement, and ends. */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        try {
            thread.join(CLOSING);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        flusher.close();
        producer.close(CLOSING);
        ended = true;
        abandonAll();
        deadlines.close();
    }

    private void abandonAll() {
        InFlightPublish left = next(0);
        while (left != null) {
            left.reached();
            left.abandon(0, "the platform is shutting down");
            left = next(0);
        }
    }

    /**
     * Takes what is urgent first, but now and then one of the rest, so that it is not forgotten.
     */
    private @Nullable InFlightPublish next(int urgentInARow) {
        if (urgentInARow < MAX_URGENT_IN_A_ROW) {
            InFlightPublish next = urgent.poll();
            if (next != null) {
                return next;
            }
        }
        InFlightPublish next = queue.poll();
        return next == null ? urgent.poll() : next;
    }

    private void run() {
        int urgentInARow = 0;
        while (true) {
            InFlightPublish next = next(urgentInARow);
            urgentInARow = next != null && next.isUrgent() ? urgentInARow + 1 : 0;
            if (next != null) {
                waiting.decrementAndGet();
                waitingBytes.addAndGet(-next.bytes());
                send(next);
            } else if (closed) {
                return;
            } else {
                park();
            }
        }
    }

    private void park() {
        parked = true;
        // Looks again after the flag is up, so that an offer in between is not slept through.
        if (queue.isEmpty() && urgent.isEmpty() && !closed) {
            LockSupport.park(this);
        }
        parked = false;
    }

    private void send(InFlightPublish inFlight) {
        inFlight.reached();
        if (inFlight.earliest() < settledThrough) {
            inFlight.abandon(0, "it was held up on its way to Kafka for too long");
            return;
        }
        for (int i = 0; i < inFlight.size(); i++) {
            if (inFlight.isLate()) {
                inFlight.abandon(i, "Kafka does not take events at the moment");
                return;
            }
            ProducerRecord<byte[], byte[]> record = inFlight.take(i);
            if (record == null) {
                return;
            }
            if (missing.contains(record.topic())) {
                inFlight.lacksTopic(i, record.topic());
                continue;
            }
            try {
                var _ = producer.send(record, acknowledgement(inFlight, i, record.topic()));
            } catch (RuntimeException e) {
                inFlight.fail(i, e, false);
            }
        }
        if (inFlight.isUrgent()) {
            flusher.now();
        }
    }

    /** Holds the topic's name alone: the record is the producer's by then. */
    private Callback acknowledgement(InFlightPublish inFlight, int index, String topic) {
        Callback settle = inFlight.acknowledgement(index, thread);
        return (metadata, failure) -> {
            // What the producer reports on this thread, it never took.
            boolean unsent = Thread.currentThread().equals(thread);
            if (failure != null && unsent && missing.isMissing(topic, failure)) {
                inFlight.lacksTopic(index, topic);
            } else {
                settle.onCompletion(metadata, failure);
            }
        };
    }
}
