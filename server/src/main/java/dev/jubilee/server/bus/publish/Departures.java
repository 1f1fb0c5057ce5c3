package dev.jubilee.server.bus.publish;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.Producer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends off at once what the producer would hold back for company. Only while that costs little:
 * two departures are some milliseconds apart, and what is urgent in between leaves after the
 * producer's usual wait. Under load that wait is what keeps batches large. The producer's order is
 * not touched. Thread-safe.
 */
final class Departures implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Departures.class);
    private static final long APART = TimeUnit.MILLISECONDS.toNanos(20);

    private final Producer<byte[], byte[]> producer;
    private final Thread thread;
    private volatile boolean wanted;
    private volatile boolean closed;
    private volatile long last = System.nanoTime() - APART;

    /** The producer stays the caller's to close. */
    Departures(Producer<byte[], byte[]> producer) {
        this.producer = producer;
        this.thread = Thread.ofPlatform().name("publish-departures").daemon().unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Sends off what the producer holds. Never blocks. */
    void now() {
        if (!wanted && System.nanoTime() - last >= APART) {
            wanted = true;
            LockSupport.unpark(thread);
        }
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
    }

    private void run() {
        while (!closed) {
            if (!wanted) {
                LockSupport.park(this);
                continue;
            }
            wanted = false;
            last = System.nanoTime();
            try {
                producer.flush();
            } catch (RuntimeException e) {
                log.debug("what is urgent leaves with the rest: {}", e.getMessage());
            }
        }
    }
}
