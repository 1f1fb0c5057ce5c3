package dev.jubilee.events.core;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Where at the server those deliveries lie that wait behind a failed one of their key and have no
 * room in memory; in order for each key. At most {@value #MOST}. Not thread-safe.
 *
 * @param <P> a place, by which the transport finds the event again
 */
public final class Backlog<P> {
    /** So many places take some tens of megabytes. */
    public static final int MOST = 1_000_000;

    private final Map<String, Deque<P>> places = new LinkedHashMap<>();
    private int size;

    /** Whether something of the key lies there, so that whatever follows must come after it. */
    public boolean holds(String key) {
        return places.containsKey(key);
    }

    public boolean isEmpty() {
        return size == 0;
    }

    public int size() {
        return size;
    }

    /** Whether no more can be noted. */
    public boolean isFull() {
        return size >= MOST;
    }

    /** The keys of which something lies there. */
    public Set<String> keys() {
        return places.keySet();
    }

    public void add(String key, P place) {
        places.computeIfAbsent(key, none -> new ArrayDeque<>()).add(place);
        size++;
    }

    /** Has the other keys come before this one. */
    public void letOthersFirst(String key) {
        Deque<P> ofKey = places.remove(key);
        if (ofKey != null) {
            places.put(key, ofKey);
        }
    }

    /** The first places of the key, so many at most. */
    public List<P> first(String key, int most) {
        Deque<P> ofKey = places.get(key);
        return ofKey == null ? List.of() : ofKey.stream().limit(most).toList();
    }

    /** Forgets the first place of the key. */
    public void removeFirst(String key) {
        Deque<P> ofKey = places.get(key);
        if (ofKey != null && ofKey.poll() != null) {
            size--;
            if (ofKey.isEmpty()) {
                places.remove(key);
            }
        }
    }

    /** Forgets everything, telling what it was. */
    public void clear(Consumer<P> forgotten) {
        places.values().forEach(ofKey -> ofKey.forEach(forgotten));
        places.clear();
        size = 0;
    }
}
