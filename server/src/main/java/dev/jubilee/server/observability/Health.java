package dev.jubilee.server.observability;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the platform stands on, asked once a second in the background; never at a request. A
 * dependency is up when it has answered within the last three seconds, so one that hangs turns red
 * by itself. Thread-safe.
 */
public final class Health implements AutoCloseable {
    /** Asks a dependency for a sign of life; any exception is none. May block. */
    @FunctionalInterface
    public interface Probe {
        void ask() throws Exception;
    }

    private static final Logger log = LoggerFactory.getLogger(Health.class);
    private static final Duration PERIOD = Duration.ofSeconds(1);
    private static final long STALE = Duration.ofSeconds(3).toNanos();

    private final class Dependency {
        final String name;
        final Probe probe;
        final Thread thread;
        volatile boolean answered;
        volatile long lastAnswer;

        Dependency(String name, Probe probe) {
            this.name = name;
            this.probe = probe;
            this.thread = Thread.ofVirtual().name("health-" + name).unstarted(this::run);
        }

        void run() {
            while (!closed) {
                ask();
                asked.countDown();
                try {
                    TimeUnit.NANOSECONDS.sleep(PERIOD.toNanos());
                } catch (InterruptedException e) {
                    return;
                }
            }
        }

        private void ask() {
            boolean wasUp = isUp();
            try {
                probe.ask();
                lastAnswer = nanoTime.getAsLong();
                answered = true;
                if (!wasUp) {
                    log.info("{} answers", name);
                }
            } catch (Exception e) {
                answered = false;
                if (wasUp && !closed) {
                    log.warn("{} does not answer: {}", name, e.toString());
                }
            }
        }

        boolean isUp() {
            return answered && nanoTime.getAsLong() - lastAnswer < STALE;
        }
    }

    private final Map<String, Dependency> dependencies = new ConcurrentHashMap<>();
    private final LongSupplier nanoTime;
    private final CountDownLatch asked;
    private volatile boolean serving;
    private volatile boolean closed;

    /**
     * @param probes by the name of what they ask
     * @param nanoTime {@code System::nanoTime}, or a test's
     */
    public Health(Map<String, Probe> probes, LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.asked = new CountDownLatch(probes.size());
        probes.forEach((name, probe) -> dependencies.put(name, new Dependency(name, probe)));
    }

    /** Begins to ask; returns once everything was asked, or five seconds have passed. */
    public void start() {
        dependencies.values().forEach(dependency -> dependency.thread.start());
        try {
            if (!asked.await(5, TimeUnit.SECONDS)) {
                log.warn("not everything answers yet: {}", states());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The ports are open: it is ready as long as everything answers. Before, it is not. */
    public void serving() {
        serving = true;
    }

    /** Turns readiness red before the ports close, so that a load balancer looks elsewhere. */
    public void stopping() {
        serving = false;
    }

    /** Whether requests can be served: everything answers. */
    public boolean isReady() {
        return serving && dependencies.values().stream().allMatch(Dependency::isUp);
    }

    /** Whether this one answers; false for one that is not known. */
    public boolean isUp(String name) {
        Dependency dependency = dependencies.get(name);
        return dependency != null && dependency.isUp();
    }

    /** Each dependency and whether it answers. */
    public Map<String, Boolean> states() {
        Map<String, Boolean> states = new LinkedHashMap<>();
        dependencies.keySet().stream().sorted().forEach(name -> states.put(name, isUp(name)));
        return states;
    }

    @Override
    public void close() {
        closed = true;
        dependencies.values().forEach(dependency -> dependency.thread.interrupt());
    }
}
