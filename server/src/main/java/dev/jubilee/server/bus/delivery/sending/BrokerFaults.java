package dev.jubilee.server.bus.delivery.sending;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells operators what a broker's client said, once a minute at most: it names addresses, and so is
 * not for subscribers. Thread-safe.
 */
final class BrokerFaults {
    private static final Logger log = LoggerFactory.getLogger(BrokerFaults.class);
    private static final long PAUSE_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final String broker;
    private final AtomicLong againAt = new AtomicLong(System.nanoTime());

    BrokerFaults(String broker) {
        this.broker = broker;
    }

    void note(Throwable cause) {
        long now = System.nanoTime();
        long due = againAt.get();
        if (now - due >= 0 && againAt.compareAndSet(due, now + PAUSE_NANOS)) {
            log.warn("deliveries to {} fail: {}", broker, cause.toString());
        }
    }
}
