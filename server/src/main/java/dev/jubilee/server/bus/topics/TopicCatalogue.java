package dev.jubilee.server.bus.topics;

import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
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

    /** Rows that one transaction drops. */
    private static final int PART = 10_000;

    private final Database database;
    private final ChangeFeed changes;
    private final AtomicLong begun = new AtomicLong();
    private final PayloadSchemas schemas = new PayloadSchemas();
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private volatile Map<String, Topic> topics = Map.of();
    private volatile TopicGrants grants = TopicGrants.NONE;

    /** Of protected topics that were deleted; there may be a topic of such a name again. */
    private volatile Set<String> tombstones = Set.of();

    private @Nullable CompletableFuture<Void> nextRefresh;
    private boolean refreshing;

    /** The reading that is in force, of all that were begun. */
    private long inForce;

    TopicCatalogue(Database database, ChangeFeed changes) {
        this.database = database;
        this.changes = changes;
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

    /**
     * Whether the caller may do this with events that were published to a topic of that name, even
     * if the topic is gone. Only admins may with those of a protected topic that is gone.
     */
    public boolean allows(Principal who, String name, TopicAction action) {
        Topic topic = topics.get(name);
        return topic == null
                ? who.role() == Role.ADMIN || !tombstones.contains(name)
                : allows(who, topic, action);
    }

    /** The names of topics, be they gone, with whose events the caller may not do this. */
    public List<String> closedTo(Principal who, TopicAction action) {
        Map<String, Topic> known = topics;
        List<String> closed = new ArrayList<>();
        for (Topic topic : known.values()) {
            if (!allows(who, topic, action)) {
                closed.add(topic.name());
            }
        }
        for (String name : who.role() == Role.ADMIN ? Set.<String>of() : tombstones) {
            if (!known.containsKey(name)) {
                closed.add(name);
            }
        }
        return closed;
    }

    /**
     * Forgets which deleted topics were protected, where nothing of them is kept any more; what
     * waited until then for one of them to open is dropped.
     *
     * @param until the store keeps no event from before it
     */
    public void forget(Instant until) {
        boolean more = true;
        while (more) {
            more = database.transaction(c -> TopicTombstones.dropOwed(c, until, PART));
        }
        database.transaction(connection -> {
            TopicTombstones.forget(connection, until);
            return until;
        });
    }

    /** How many topics take events. */
    public int activeCount() {
        return (int) topics.values().stream().filter(Topic::isActive).count();
    }

    /** Sets a listener, which is called after each change of topics or grants; it must be quick. */
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

    /** Reads all topics now; what is in force afterwards was read after this was called. */
    void refresh() {
        long mine = begun.incrementAndGet();
        Map<String, Topic> read = new TreeMap<>();
        Set<String> gone = new HashSet<>();
        TopicGrants granted =
                database.read(connection -> {
                    // The topics first: one that goes in between is missed, but never that it was
                    // protected.
                    TopicStore.all(connection).forEach(topic -> read.put(topic.name(), topic));
                    gone.addAll(TopicTombstones.all(connection));
                    return TopicGrants.all(connection);
                });
        boolean changed;
        synchronized (this) {
            if (mine < inForce) {
                // Another one began later and was quicker: it saw what this one saw, or more.
                return;
            }
            inForce = mine;
            changed = !read.equals(topics) || !granted.equals(grants) || !gone.equals(tombstones);
            // The topics last: who sees one, or that it is gone, must not miss that it is closed.
            grants = granted;
            tombstones = gone;
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
                changes.repeat(TopicStore.SUBJECT);
                waiting.completeExceptionally(e);
            }
        }
    }
}
