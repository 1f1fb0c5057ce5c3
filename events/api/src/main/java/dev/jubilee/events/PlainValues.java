package dev.jubilee.events;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Copies of plain values: those that JSON has, as {@link PayloadTree} lists them. */
final class PlainValues {
    private PlainValues() {}

    /** A deep copy that nobody can change, in the same order. */
    static Map<String, @Nullable Object> copyOf(Map<String, ? extends @Nullable Object> values) {
        if (values.isEmpty()) {
            return Map.of();
        }
        Map<String, @Nullable Object> copy = new LinkedHashMap<>();
        values.forEach((name, value) -> copy.put(name, frozen(value)));
        return Collections.unmodifiableMap(copy);
    }

    private static @Nullable Object frozen(@Nullable Object value) {
        return switch (value) {
            case Map<?, ?> object -> {
                Map<String, @Nullable Object> copy = new LinkedHashMap<>();
                object.forEach((name, member) -> copy.put(String.valueOf(name), frozen(member)));
                yield Collections.unmodifiableMap(copy);
            }
            case List<?> list -> {
                List<@Nullable Object> copy = new ArrayList<>(list.size());
                list.forEach(element -> copy.add(frozen(element)));
                yield Collections.unmodifiableList(copy);
            }
            case null -> null;
            default -> value;
        };
    }
}
