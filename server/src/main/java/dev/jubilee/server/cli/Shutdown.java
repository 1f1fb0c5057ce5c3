package dev.jubilee.server.cli;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Closes what was started, the last first, once. Thread-safe. */
final class Shutdown {
    private final Deque<AutoCloseable> started = new ArrayDeque<>();
    private boolean closing;

    /** Closes it at the end; at once when the end has come already. */
    void atEnd(AutoCloseable part) {
        synchronized (this) {
            if (!closing) {
                started.push(part);
                return;
            }
        }
        close(part);
    }

    void run() {
        synchronized (this) {
            closing = true;
        }
        for (@Nullable AutoCloseable part = next(); part != null; part = next()) {
            close(part);
        }
    }

    private synchronized @Nullable AutoCloseable next() {
        return started.poll();
    }

    private static void close(AutoCloseable part) {
        try {
            part.close();
        } catch (Exception e) {
            Logger log = LoggerFactory.getLogger(Shutdown.class);
            log.warn("{} did not close in order", part.getClass().getSimpleName(), e);
        }
    }
}
