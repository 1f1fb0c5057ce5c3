package dev.jubilee.server.bus.filters;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Finds the prefixes that a text has: one look for each length that a prefix has, however many
 * there are. Immutable and thread-safe.
 */
final class Prefixes<T> {
    private final Map<String, List<T>> byPrefix;
    private final int[] lengths;

    private Prefixes(Map<String, List<T>> byPrefix) {
        this.byPrefix = Map.copyOf(byPrefix);
        TreeSet<Integer> found = new TreeSet<>();
        byPrefix.keySet().forEach(prefix -> found.add(prefix.length()));
        this.lengths = found.stream().mapToInt(Integer::intValue).toArray();
    }

    /** Collects prefixes and whose they are. */
    static final class Builder<T> {
        private final Map<String, List<T>> byPrefix = new HashMap<>();

        void add(String prefix, T owner) {
            byPrefix.computeIfAbsent(prefix, p -> new ArrayList<>()).add(owner);
        }

        Prefixes<T> build() {
            return new Prefixes<>(byPrefix);
        }
    }

    boolean isEmpty() {
        return lengths.length == 0;
    }

    /** Hands over whose prefix the text has. */
    void find(String text, Consumer<T> into) {
        for (int length : lengths) {
            if (length > text.length()) {
                return;
            }
            byPrefix.getOrDefault(text.substring(0, length), List.of()).forEach(into);
        }
    }
}
