package dev.jubilee.server.bus.publish;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.Producer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends off at once what the producer would hold back for company. Two flushes are some
 * milliseconds apart, so that batches stay large under load: what is urgent in between leaves with
 * the next. The producer's order is not touched. Thread-safe.
 */
final class UrgentFlusher implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(UrgentFlusher.class);
    private static final long APART = TimeUnit.MILLISECONDS.toNanos(20);

    private final Producer<byte[], byte[]> producer;
    private final Thread thread;
    private volatile boolean wanted;
    private volatile boolean closed;

    /** The producer stays the caller's to close. */
    UrgentFlusher(Producer<byte[], byte[]> producer) {
        this.producer = producer;
        this.thread = Thread.ofPlatform().name("publish-flusher").daemon().unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Sends off what the producer holds, at once or in some milliseconds. Never blocks. */
    void now() {
        if (!wanted) {
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
        long next = System.nanoTime();
        while (!closed) {
            if (!wanted) {
                LockSupport.park(this);
                continue;
            }
            long rest = next - System.nanoTime();
            if (rest > 0) {
                LockSupport.parkNanos(this, rest);
                continue;
            }
            // Before it is sent off: what comes while it leaves asks again.
            wanted = false;
            next = System.nanoTime() + APART;
            try {
                producer.flush();
            } catch (RuntimeException e) {
                log.debug("what is urgent leaves with the rest: {}", e.getMessage());
            }
        }
    }
}
