package dev.jubilee.server.bus.filters;

import dev.jubilee.server.bus.filters.EventFilter.Anchor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Finds, of many filters, those that an event passes, without trying them all: a filter is looked
 * up by one field of which it wants values, beginnings, ends or ranges, the rarest of them, and
 * only then tried whole. Filters without such a condition are tried each time. Immutable and
 * thread-safe.
 */
public final class FilterIndex<T> {
    /** With as many under one value, a range or a beginning tells filters apart as well. */
    private static final int CROWD = 16;

    /**
     * @param often whether it may be found more than once by one value
     */
    private record Entry<T>(EventFilter filter, T owner, boolean often) {}

    /** What is wanted of one field. */
    private record Lookup<T>(List<String> path, Wants<Entry<T>> wants) {}

    private final List<Lookup<T>> lookups;
    private final List<Entry<T>> others;

    /**
     * @param filterOf the filter of each owner
     */
    public FilterIndex(List<T> owners, Function<T, EventFilter> filterOf) {
        Map<List<String>, Map<ValueTest, Integer>> frequency = new HashMap<>();
        for (T owner : owners) {
            for (Anchor anchor : filterOf.apply(owner).anchors()) {
                Map<ValueTest, Integer> ofPath =
                        frequency.computeIfAbsent(anchor.path(), p -> new HashMap<>());
                anchor.tests().forEach(test -> ofPath.merge(test, 1, Integer::sum));
            }
        }
        Map<List<String>, Wants.Builder<Entry<T>>> found = new LinkedHashMap<>();
        List<Entry<T>> rest = new ArrayList<>();
        for (T owner : owners) {
            EventFilter filter = filterOf.apply(owner);
            Anchor rarest =
                    filter.anchors().stream()
                            .min(Comparator.comparingInt(anchor -> crowd(anchor, frequency)))
                            .orElse(null);
            if (rarest == null) {
                rest.add(new Entry<>(filter, owner, false));
            } else {
                Entry<T> entry = new Entry<>(filter, owner, rarest.tests().size() > 1);
                Wants.Builder<Entry<T>> wants =
                        found.computeIfAbsent(rarest.path(), p -> new Wants.Builder<>());
                rarest.tests().forEach(test -> wants.add(test, entry));
            }
        }
        List<Lookup<T>> made = new ArrayList<>();
        found.forEach((path, wants) -> made.add(new Lookup<>(path, wants.build())));
        this.lookups = List.copyOf(made);
        this.others = List.copyOf(rest);
    }

    private static int crowd(Anchor anchor, Map<List<String>, Map<ValueTest, Integer>> frequency) {
        Map<ValueTest, Integer> ofPath = frequency.getOrDefault(anchor.path(), Map.of());
        int most = 0;
        for (ValueTest test : anchor.tests()) {
            int same = ofPath.getOrDefault(test, 0);
            most = Math.max(most, test instanceof ValueTest.Exactly ? same : same + CROWD);
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
        List<JsonNode> values = new ArrayList<>(2);
        collect(event, lookup.path(), 0, values);
        if (values.isEmpty()) {
            return;
        }
        Set<Entry<T>> seen = Collections.newSetFromMap(new IdentityHashMap<>(4));
        boolean several = values.size() > 1;
        for (JsonNode value : values) {
            lookup.wants()
                    .find(
                            value,
                            entry -> {
                                boolean first = !(several || entry.often()) || seen.add(entry);
                                if (first && entry.filter().matches(event)) {
                                    into.accept(entry.owner());
                                }
                            });
        }
    }

    private static void collect(
            @Nullable JsonNode value, List<String> path, int depth, List<JsonNode> into) {
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
            into.add(value);
        }
    }
}
