package dev.jubilee.server.bus.filters;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Finds, of many filters, those that an event passes, without trying them all: a filter that asks
 * for plain values somewhere is looked up by the rarest of them, and only then tried whole. Filters
 * without such a condition are tried each time. Immutable and thread-safe.
 */
public final class FilterIndex<T> {
    private record Entry<T>(EventFilter filter, T owner) {}

    private record Lookup<T>(List<String> path, Map<String, List<Entry<T>>> byValue) {}

    private final List<Lookup<T>> lookups;
    private final List<Entry<T>> others;

    /**
     * @param filterOf the filter of each owner
     */
    public FilterIndex(List<T> owners, Function<T, EventFilter> filterOf) {
        Map<List<String>, Map<String, Integer>> frequency = new HashMap<>();
        for (T owner : owners) {
            for (EventFilter.Anchor anchor : filterOf.apply(owner).anchors()) {
                Map<String, Integer> ofPath =
                        frequency.computeIfAbsent(anchor.path(), p -> new HashMap<>());
                anchor.values().forEach(value -> ofPath.merge(value, 1, Integer::sum));
            }
        }
        Map<List<String>, Map<String, List<Entry<T>>>> found = new LinkedHashMap<>();
        List<Entry<T>> rest = new ArrayList<>();
        for (T owner : owners) {
            EventFilter filter = filterOf.apply(owner);
            Entry<T> entry = new Entry<>(filter, owner);
            EventFilter.Anchor rarest =
                    filter.anchors().stream()
                            .min(Comparator.comparingInt(anchor -> crowd(anchor, frequency)))
                            .orElse(null);
            if (rarest == null) {
                rest.add(entry);
            } else {
                Map<String, List<Entry<T>>> byValue =
                        found.computeIfAbsent(rarest.path(), p -> new HashMap<>());
                Set<String> values = new LinkedHashSet<>(rarest.values());
                values.forEach(v -> byValue.computeIfAbsent(v, x -> new ArrayList<>()).add(entry));
            }
        }
        List<Lookup<T>> made = new ArrayList<>();
        found.forEach((path, byValue) -> made.add(new Lookup<>(path, Map.copyOf(byValue))));
        this.lookups = List.copyOf(made);
        this.others = List.copyOf(rest);
    }

    private static int crowd(
            EventFilter.Anchor anchor, Map<List<String>, Map<String, Integer>> frequency) {
        Map<String, Integer> ofPath = frequency.getOrDefault(anchor.path(), Map.of());
        int most = 0;
        for (String value : anchor.values()) {
            most = Math.max(most, ofPath.getOrDefault(value, 0));
        }
        return most;
    }

    /** Whether there is no filter at all. */
    public boolean isEmpty() {
        return lookups.isEmpty() && others.isEmpty();
    }

    /** Hands over the owner of every filter that the event passes, each once, in no order. */
    public void match(JsonNode event, Consumer<T> into) {
        for (Entry<T> entry : others) {
            if (entry.filter().matches(event)) {
                into.accept(entry.owner());
            }
        }
        for (Lookup<T> lookup : lookups) {
            look(event, lookup, into);
        }
    }

    private void look(JsonNode event, Lookup<T> lookup, Consumer<T> into) {
        Set<String> keys = new LinkedHashSet<>(2);
        collect(event, lookup.path(), 0, keys);
        if (keys.isEmpty()) {
            return;
        }
        // A filter that allows several values stands under each: with several keys, once only.
        Set<Entry<T>> seen =
                keys.size() > 1 ? Collections.newSetFromMap(new IdentityHashMap<>()) : null;
        for (String key : keys) {
            for (Entry<T> entry : lookup.byValue().getOrDefault(key, List.of())) {
                if ((seen == null || seen.add(entry)) && entry.filter().matches(event)) {
                    into.accept(entry.owner());
                }
            }
        }
    }

    private static void collect(
            @Nullable JsonNode value, List<String> path, int depth, Set<String> into) {
        if (value == null) {
            return;
        }
        if (value.isArray()) {
            for (JsonNode element : value) {
                collect(element, path, depth, into);
            }
        } else if (depth < path.size()) {
            if (value.isObject()) {
                collect(value.get(path.get(depth)), path, depth + 1, into);
            }
        } else if (!value.isObject()) {
            into.add(keyOf(value));
        }
    }

    /** The same text for values that are the same. */
    static String keyOf(JsonNode value) {
        if (value.isString()) {
            return value.stringValue();
        }
        if (value.isNumber()) {
            BigDecimal number = value.decimalValue();
            return "\u0001" + (number.signum() == 0 ? "0" : number.stripTrailingZeros().toString());
        }
        return "\u0002" + value;
    }
}
