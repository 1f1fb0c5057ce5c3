package dev.jubilee.server.bus.publish;

import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * The one thread that hands records to Kafka's producer, which blocks while it lacks metadata or
 * memory: no event loop may do that. What waits is bounded, by requests and by bytes; when it is
 * full, {@link #offer} says so at once. Order of the offers of one thread is kept. Thread-safe.
 */
final class SenderLane implements AutoCloseable {
    private static final long MAX_WAITING_BYTES = 24L << 20;
    private static final Duration CLOSING = Duration.ofSeconds(10);

    private final Producer<byte[], byte[]> producer;
    private final int maxWaiting;
    private final Queue<Shipment> queue = new ConcurrentLinkedQueue<>();
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
        this.thread = Thread.ofPlatform().name("publish-lane").daemon().unstarted(this::run);
    }

    void start() {
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
        queue.add(shipment);
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
        CountDownLatch handedOver = new CountDownLatch(1);
        waiting.incrementAndGet();
        queue.add(
                Shipment.mark(() -> {
                    settledThrough = Math.max(settledThrough, epochMillis);
                    handedOver.countDown();
                }));
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
        producer.close(CLOSING);
        ended = true;
        abandonAll();
    }

    private void abandonAll() {
        Shipment left = queue.poll();
        while (left != null) {
            left.reached();
            left.abandon(0, "the platform is shutting down");
            left = queue.poll();
        }
    }

    private void run() {
        while (true) {
            Shipment next = queue.poll();
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
        if (queue.isEmpty() && !closed) {
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
        List<ProducerRecord<byte[], byte[]>> records = shipment.records();
        for (int i = 0; i < records.size(); i++) {
            if (shipment.isLate()) {
                shipment.abandon(i, "Kafka does not take events at the moment");
                return;
            }
            try {
                var _ = producer.send(records.get(i), shipment.acknowledgement(i, thread));
            } catch (RuntimeException e) {
                shipment.fail(i, e, false);
            }
        }
    }
}
