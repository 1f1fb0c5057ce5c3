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
 * shipment is without an outcome for long after its deadline, whatever the producer does. Order of
 * the offers of one thread is kept, but what is urgent goes ahead of what is not, and leaves
 * without waiting for company. Thread-safe.
 */
final class SenderLane implements AutoCloseable {
    private static final long MAX_WAITING_BYTES = 24L << 20;
    private static final int MAX_URGENT_IN_A_ROW = 64;
    private static final Duration CLOSING = Duration.ofSeconds(10);

    private final Producer<byte[], byte[]> producer;
    private final int maxWaiting;
    private final Departures departures;
    private final Deadlines deadlines = new Deadlines();
    private final MissingTopics missing;
    private final Queue<Shipment> queue = new ConcurrentLinkedQueue<>();
    private final Queue<Shipment> urgent = new ConcurrentLinkedQueue<>();
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
     * @param maxWaiting how many shipments may wait
     */
    SenderLane(Producer<byte[], byte[]> producer, int maxWaiting) {
        this.producer = producer;
        this.maxWaiting = maxWaiting;
        this.departures = new Departures(producer);
        this.missing = new MissingTopics(producer);
        this.thread = Thread.ofPlatform().name("publish-lane").daemon().unstarted(this::run);
    }

    void start() {
        departures.start();
        deadlines.start();
        thread.start();
    }

    /** Takes the shipment, or returns false when the lane is full or closed. Never blocks. */
    boolean offer(Shipment shipment) {
        long before = waitingBytes.get();
        // One that is larger than all the room goes alone; refused, it could never go.
        boolean fits = before == 0 || before + shipment.bytes() <= MAX_WAITING_BYTES;
        if (closed || waiting.get() >= maxWaiting || !fits) {
            return false;
        }
        waiting.incrementAndGet();
        waitingBytes.addAndGet(shipment.bytes());
        (shipment.isUrgent() ? urgent : queue).add(shipment);
        deadlines.watch(shipment);
        if (parked) {
            LockSupport.unpark(thread);
        }
        if (ended) {
            abandonAll();
        }
        return true;
    }

    /** How many shipments wait. */
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
        urgent.add(Shipment.mark(true, reached));
        queue.add(Shipment.mark(false, reached));
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
        departures.close();
        producer.close(CLOSING);
        ended = true;
        abandonAll();
        deadlines.close();
    }

    private void abandonAll() {
        Shipment left = next(0);
        while (left != null) {
            left.reached();
            left.abandon(0, "the platform is shutting down");
            left = next(0);
        }
    }

    /**
     * Takes urgent shipments first, but now and then one of the rest, so that it is not forgotten.
     */
    private @Nullable Shipment next(int urgentInARow) {
        if (urgentInARow < MAX_URGENT_IN_A_ROW) {
            Shipment next = urgent.poll();
            if (next != null) {
                return next;
            }
        }
        Shipment next = queue.poll();
        return next == null ? urgent.poll() : next;
    }

    private void run() {
        int urgentInARow = 0;
        while (true) {
            Shipment next = next(urgentInARow);
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

    private void send(Shipment shipment) {
        shipment.reached();
        if (shipment.earliest() < settledThrough) {
            shipment.abandon(0, "it was held up on its way to Kafka for too long");
            return;
        }
        for (int i = 0; i < shipment.size(); i++) {
            if (shipment.isLate()) {
                shipment.abandon(i, "Kafka does not take events at the moment");
                return;
            }
            ProducerRecord<byte[], byte[]> record = shipment.take(i);
            if (record == null) {
                return;
            }
            if (missing.contains(record.topic())) {
                shipment.lacksTopic(i, record.topic());
                continue;
            }
            try {
                var _ = producer.send(record, acknowledgement(shipment, i, record.topic()));
            } catch (RuntimeException e) {
                shipment.fail(i, e, false);
            }
        }
        if (shipment.isUrgent()) {
            departures.now();
        }
    }

    /** Holds the topic's name alone: the record is the producer's by then. */
    private Callback acknowledgement(Shipment shipment, int index, String topic) {
        Callback settle = shipment.acknowledgement(index, thread);
        return (metadata, failure) -> {
            // What the producer reports on this thread, it never took.
            boolean unsent = Thread.currentThread().equals(thread);
            if (failure != null && unsent && missing.isMissing(topic, failure)) {
                shipment.lacksTopic(index, topic);
            } else {
                settle.onCompletion(metadata, failure);
            }
        };
    }
}
