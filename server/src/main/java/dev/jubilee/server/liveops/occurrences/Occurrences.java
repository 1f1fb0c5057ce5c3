package dev.jubilee.server.liveops.occurrences;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.liveops.rules.RulesReader;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directory of occurrences: all that are not finished are in memory, kept up to date by the
 * news of every change; finished ones are found by a query and kept for a while. It is behind the
 * database by milliseconds, so a write that depends on the status locks the row and looks again.
 * Thread-safe.
 */
public final class Occurrences implements AutoCloseable {
    /** The subject under which changes are announced; the id is the occurrence's. */
    public static final String SUBJECT = "occurrences";

    private static final Logger log = LoggerFactory.getLogger(Occurrences.class);
    private static final int MAX_FINISHED = 5_000;
    private static final Comparator<Occurrence> BY_NUMBER =
            Comparator.comparingInt(Occurrence::number);

    private final OccurrenceStore store;
    private final InstantSource clock;
    private final ChangeFeed feed;
    private final ReentrantLock refreshing = new ReentrantLock();
    private final Map<UUID, OccurrenceStore.Stored> unfinished = new ConcurrentHashMap<>();
    private final Map<String, List<Occurrence>> unfinishedOf = new ConcurrentHashMap<>();
    private final Cache<UUID, Occurrence> finished =
            Caffeine.newBuilder()
                    .maximumSize(MAX_FINISHED)
                    .expireAfterWrite(Duration.ofMinutes(1))
                    .build();
    private final Cache<String, Occurrence> latestFinishedOf =
            Caffeine.newBuilder()
                    .maximumSize(MAX_FINISHED)
                    .expireAfterWrite(Duration.ofMinutes(1))
                    .build();
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final AtomicLong revision = new AtomicLong();
    private final ExecutorService refresher =
            Executors.newSingleThreadExecutor(Thread.ofVirtual().name("occurrences").factory());
    private final ExecutorService lookups = Executors.newVirtualThreadPerTaskExecutor();

    public Occurrences(Database database, RulesReader rules, ChangeFeed feed, InstantSource clock) {
        this.store = new OccurrenceStore(database, rules);
        this.clock = clock;
        this.feed = feed;
        feed.on(SUBJECT, id -> refresher.execute(() -> hear(id)));
    }

    /** Reads what is there. Call once, after the change feed was started. */
    public void start() {
        refreshAll();
    }

    /**
     * The occurrence that players act on now: the one whose window is open, else the active one,
     * else the latest. Null when the event has none, or when the only ones are finished and not in
     * memory: then {@link #load} or {@link #find} knows. Never blocks.
     */
    public @Nullable Occurrence current(String eventId) {
        List<Occurrence> candidates = unfinishedOf.get(eventId);
        if (candidates == null) {
            return latestFinishedOf.getIfPresent(eventId);
        }
        Instant now = clock.instant();
        Occurrence best = candidates.getFirst();
        for (Occurrence candidate : candidates) {
            if (weight(candidate, now) >= weight(best, now)) {
                best = candidate;
            }
        }
        return best;
    }

    /** The same, asking the database when memory does not know; null when the event has none. */
    public @Nullable Occurrence load(String eventId) {
        Occurrence known = current(eventId);
        if (known != null) {
            return known;
        }
        store.latestOf(eventId).ifPresent(this::refresh);
        return current(eventId);
    }

    /** The same without blocking: done at once when memory knows. */
    public CompletableFuture<Optional<Occurrence>> find(String eventId) {
        Occurrence known = current(eventId);
        return known != null
                ? CompletableFuture.completedFuture(Optional.of(known))
                : CompletableFuture.supplyAsync(() -> Optional.ofNullable(load(eventId)), lookups);
    }

    /** An occurrence by its id, asking the database when memory does not know. */
    public @Nullable Occurrence byId(UUID occurrenceId) {
        Occurrence known = known(occurrenceId);
        if (known == null) {
            refresh(occurrenceId);
            known = known(occurrenceId);
        }
        return known;
    }

    /**
     * All that are not finished: active, closing, and also scheduled ones, because their window may
     * open before their status says so. Whether an event counts is {@link Occurrence#covers}'s to
     * say.
     */
    public List<Occurrence> open() {
        return unfinished.values().stream().map(OccurrenceStore.Stored::occurrence).toList();
    }

    /** Hears of every change, right after it shows here. Must be quick. */
    public void onChange(Runnable listener) {
        listeners.add(listener);
    }

    /** Grows with every change. */
    public long revision() {
        return revision.get();
    }

    /** Takes over how an occurrence now stands in the database. */
    public void refresh(UUID occurrenceId) {
        OccurrenceStore.Stored before;
        refreshing.lock();
        try {
            before = unfinished.get(occurrenceId);
            store.read(occurrenceId, before)
                    .ifPresentOrElse(this::take, () -> forget(occurrenceId));
        } finally {
            refreshing.unlock();
        }
        if (!Objects.equals(before, unfinished.get(occurrenceId))) {
            changed();
        }
    }

    /** Takes over how all of them stand. */
    public void refreshAll() {
        refreshing.lock();
        try {
            replaceUnfinished(store.readUnfinished(unfinished));
            finished.invalidateAll();
            latestFinishedOf.invalidateAll();
        } finally {
            refreshing.unlock();
        }
        changed();
    }

    /** All at once: taking them over one by one groups all of them again for each. */
    private void replaceUnfinished(List<OccurrenceStore.Stored> rows) {
        Map<UUID, OccurrenceStore.Stored> byId = HashMap.newHashMap(rows.size());
        Map<String, List<Occurrence>> groups = HashMap.newHashMap(rows.size());
        for (OccurrenceStore.Stored row : rows) {
            Occurrence occurrence = row.occurrence();
            byId.put(occurrence.occurrenceId(), row);
            groups.computeIfAbsent(occurrence.eventId(), none -> new ArrayList<>()).add(occurrence);
        }
        groups.values().forEach(group -> group.sort(BY_NUMBER));
        unfinished.putAll(byId);
        unfinished.keySet().retainAll(byId.keySet());
        unfinishedOf.putAll(groups);
        unfinishedOf.keySet().retainAll(groups.keySet());
    }

    @Override
    public void close() {
        refresher.shutdownNow();
        lookups.shutdownNow();
    }

    private void hear(String id) {
        try {
            if (id.isEmpty()) {
                refreshAll();
            } else {
                refresh(UUID.fromString(id));
            }
        } catch (RuntimeException e) {
            log.error("could not read the change of occurrence \"{}\", trying again", id, e);
            feed.repeat(SUBJECT);
        }
    }

    private void take(OccurrenceStore.Stored row) {
        Occurrence occurrence = row.occurrence();
        String eventId = occurrence.eventId();
        switch (occurrence.status()) {
            case SCHEDULED, ACTIVE, CLOSING -> {
                unfinished.put(occurrence.occurrenceId(), row);
                regroup(eventId);
            }
            case COMPLETED, CANCELLED -> {
                finished.put(occurrence.occurrenceId(), occurrence);
                Occurrence latest = latestFinishedOf.getIfPresent(eventId);
                if (latest == null || latest.number() <= occurrence.number()) {
                    latestFinishedOf.put(eventId, occurrence);
                }
                forget(occurrence.occurrenceId());
            }
        }
    }

    private void forget(UUID occurrenceId) {
        OccurrenceStore.Stored gone = unfinished.remove(occurrenceId);
        if (gone != null) {
            regroup(gone.occurrence().eventId());
        }
    }

    private void regroup(String eventId) {
        List<Occurrence> group =
                open().stream()
                        .filter(occurrence -> occurrence.eventId().equals(eventId))
                        .sorted(BY_NUMBER)
                        .toList();
        if (group.isEmpty()) {
            unfinishedOf.remove(eventId);
        } else {
            unfinishedOf.put(eventId, group);
        }
    }

    private void changed() {
        revision.incrementAndGet();
        for (Runnable listener : listeners) {
            try {
                listener.run();
            } catch (RuntimeException e) {
                log.error("a listener to changes of occurrences failed", e);
            }
        }
    }

    private @Nullable Occurrence known(UUID occurrenceId) {
        OccurrenceStore.Stored row = unfinished.get(occurrenceId);
        return row != null ? row.occurrence() : finished.getIfPresent(occurrenceId);
    }

    private static int weight(Occurrence occurrence, Instant now) {
        boolean running =
                switch (occurrence.status()) {
                    case SCHEDULED, ACTIVE -> true;
                    case CLOSING, COMPLETED, CANCELLED -> false;
                };
        if (running && occurrence.covers(now)) {
            return 2;
        }
        return occurrence.status() == Occurrence.Status.ACTIVE ? 1 : 0;
    }
}
