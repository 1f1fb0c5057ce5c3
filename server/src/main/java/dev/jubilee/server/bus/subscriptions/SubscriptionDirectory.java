package dev.jubilee.server.bus.subscriptions;

import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Every subscription in memory, kept true by the change feed. What another instance changes is seen
 * within milliseconds; whoever must be sure compares the version in a transaction. Thread-safe.
 */
public final class SubscriptionDirectory {
    private static final Logger log = LoggerFactory.getLogger(SubscriptionDirectory.class);

    private final Database database;
    private final ChangeFeed changes;
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final AtomicBoolean due = new AtomicBoolean();
    private volatile SubscriptionIndex index = SubscriptionIndex.EMPTY;

    public SubscriptionDirectory(Database database, ChangeFeed changes) {
        this.database = database;
        this.changes = changes;
        changes.on(SubscriptionStore.SUBJECT, id -> refreshSoon());
    }

    /** The subscriptions as they were last read. Never blocks. */
    public SubscriptionIndex index() {
        return index;
    }

    /** Sets a listener, which is called after each change; it must be quick. */
    public void onChange(Runnable listener) {
        listeners.add(listener);
    }

    /** Reads all subscriptions now, and returns them. */
    public synchronized SubscriptionIndex refresh() {
        due.set(false);
        SubscriptionIndex read =
                database.read(connection -> {
                    // The version first: what changes in between makes it old, never untrue.
                    long version = SubscriptionStore.version(connection);
                    if (version == index.version()) {
                        return index;
                    }
                    return new SubscriptionIndex(version, SubscriptionStore.all(connection));
                });
        if (read.version() != index.version()) {
            index = read;
            listeners.forEach(SubscriptionDirectory::tell);
        }
        return index;
    }

    /**
     * Tells a listener; its failure is logged and does not keep the others from being told of this
     * version.
     */
    private static void tell(Runnable listener) {
        try {
            listener.run();
        } catch (RuntimeException e) {
            log.error("somebody could not be told that subscriptions changed", e);
        }
    }

    private void refreshSoon() {
        if (due.compareAndSet(false, true)) {
            Thread.ofVirtual().name("subscription-directory").start(this::refreshQuietly);
        }
    }

    private void refreshQuietly() {
        try {
            refresh();
        } catch (RuntimeException e) {
            due.set(false);
            log.warn("the subscriptions could not be read again: {}", e.getMessage());
            changes.repeat(SubscriptionStore.SUBJECT);
        }
    }
}
