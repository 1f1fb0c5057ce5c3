package dev.jubilee.server.bus.topics;

import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.security.Principal;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Every topic, in memory, and kept true by the change feed: a lookup never blocks. What another
 * instance makes is seen within milliseconds of its commit; {@link #refreshSoon} is for those who
 * cannot take a no from before that. Thread-safe.
 */
public final class TopicCatalogue {
    private static final Logger log = LoggerFactory.getLogger(TopicCatalogue.class);

    private final Database database;
    private final PayloadSchemas schemas = new PayloadSchemas();
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private volatile Map<String, Topic> topics = Map.of();
    private volatile TopicGrants grants = TopicGrants.NONE;
    private @Nullable CompletableFuture<Void> nextRefresh;
    private boolean refreshing;

    TopicCatalogue(Database database, ChangeFeed changes) {
        this.database = database;
        changes.on(
                TopicStore.SUBJECT,
                name -> {
                    var _ = refreshSoon();
                });
    }

    /** The topic, or null when there is none of that name. */
    public @Nullable Topic find(String name) {
        return topics.get(name);
    }

    /** All topics, by name. */
    public Collection<Topic> all() {
        return topics.values();
    }

    /** The names of all topics, sorted. */
    public Set<String> names() {
        return topics.keySet();
    }

    /** The schema of the topic's payloads, compiled once; null when there is none. */
    public @Nullable PayloadSchema schemaOf(Topic topic) {
        return schemas.of(topic);
    }

    /** Whether the caller may do this with the topic. Never blocks. */
    public boolean allows(Principal who, Topic topic, TopicAction action) {
        return grants.allow(who, topic, action);
    }

    /** How many topics take events. */
    public int activeCount() {
        return (int) topics.values().stream().filter(Topic::isActive).count();
    }

    /** Is told after each change of topics or grants; must be quick. */
    public void onChange(Runnable listener) {
        listeners.add(listener);
    }

    /**
     * Completes once the catalogue is as of now or later. Many callers at once share one query, so
     * that names nobody has cost little.
     */
    public CompletableFuture<Void> refreshSoon() {
        CompletableFuture<Void> mine;
        synchronized (this) {
            if (nextRefresh == null) {
                nextRefresh = new CompletableFuture<>();
            }
            mine = nextRefresh;
            if (refreshing) {
                return mine;
            }
            refreshing = true;
        }
        Thread.ofVirtual().name("topic-catalogue").start(this::refreshUntilQuiet);
        return mine;
    }

    /** Reads all topics now. */
    void refresh() {
        Map<String, Topic> read = new TreeMap<>();
        TopicGrants granted =
                database.read(connection -> {
                    TopicStore.all(connection).forEach(topic -> read.put(topic.name(), topic));
                    return TopicGrants.all(connection);
                });
        boolean changed;
        synchronized (this) {
            changed = !read.equals(topics) || !granted.equals(grants);
            // The grants first: who sees the topic must not miss that it is closed to them.
            grants = granted;
            topics = java.util.Collections.unmodifiableMap(read);
        }
        schemas.keepOnly(read.keySet());
        if (changed) {
            listeners.forEach(Runnable::run);
        }
    }

    private void refreshUntilQuiet() {
        while (true) {
            CompletableFuture<Void> waiting;
            synchronized (this) {
                waiting = nextRefresh;
                nextRefresh = null;
                if (waiting == null) {
                    refreshing = false;
                    return;
                }
            }
            try {
                refresh();
                waiting.complete(null);
            } catch (RuntimeException e) {
                log.warn("the topics could not be read again: {}", e.getMessage());
                waiting.completeExceptionally(e);
            }
        }
    }
}
