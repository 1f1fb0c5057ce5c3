package dev.jubilee.server.embedded;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps one child server running: starts it again, with growing pauses, whenever it dies. */
final class Supervised implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Supervised.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);
    private static final Duration CLOSING = Duration.ofSeconds(45);

    private final ChildServer server;
    private final ServerHealth health;
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final Thread watcher;
    private volatile @Nullable ChildProcess child;

    Supervised(ChildServer server, ServerHealth health) {
        this.server = server;
        this.health = health;
        this.watcher =
                Thread.ofPlatform().daemon().name("watch-" + server.name()).unstarted(this::watch);
    }

    /** Returns when the server answers; from then on it is watched. */
    void start() throws InterruptedException {
        child = server.start();
        watcher.start();
    }

    private void watch() {
        Duration pause = FIRST_PAUSE;
        try {
            while (stopping.getCount() > 0) {
                ChildProcess running = child;
                if (running != null) {
                    int code = running.await();
                    child = null;
                    if (stopping.getCount() == 0) {
                        return;
                    }
                    LOG.warn("{} ended with code {}: starting it again", server.name(), code);
                    health.down(server.name(), server.name() + " ended with code " + code);
                    pause = FIRST_PAUSE;
                }
                if (stopping.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
                    return;
                }
                pause = restarted() ? FIRST_PAUSE : longer(pause);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean restarted() throws InterruptedException {
        try {
            child = server.start();
            LOG.info("{} is back", server.name());
            health.up(server.name());
            return true;
        } catch (EmbeddedException e) {
            LOG.warn("{} did not come back: {}", server.name(), e.getMessage());
            health.down(server.name(), String.valueOf(e.getMessage()));
            return false;
        }
    }

    private static Duration longer(Duration pause) {
        Duration doubled = pause.multipliedBy(2);
        return doubled.compareTo(LONGEST_PAUSE) < 0 ? doubled : LONGEST_PAUSE;
    }

    /** Process id of the child, for tests and status; -1 while there is none. */
    long pid() {
        ChildProcess running = child;
        return running == null ? -1 : running.pid();
    }

    @Override
    public void close() {
        stopping.countDown();
        ChildProcess running = child;
        if (running != null) {
            running.stop();
        } else {
            watcher.interrupt();
        }
        if (watcher.getState() == Thread.State.NEW) {
            return;
        }
        try {
            watcher.join(CLOSING);
            ChildProcess latecomer = child;
            if (latecomer != null) {
                latecomer.stop();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
