package dev.jubilee.events;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A payload as plain values, without its class and without a JSON library: {@link String}, {@link
 * Boolean}, {@link Integer}, {@link Long}, {@link java.math.BigInteger}, {@link
 * java.math.BigDecimal} for every other number, {@link java.util.List}, {@link Map} by name in
 * order, and null. Not thread-safe.
 */
public final class PayloadTree {
    private final Map<String, @Nullable Object> fields;

    /** Works on this map itself, which must be changeable. */
    public PayloadTree(Map<String, @Nullable Object> fields) {
        this.fields = fields;
    }

    public boolean has(String field) {
        return fields.containsKey(field);
    }

    /** The value of the field; null also if there is none. */
    public @Nullable Object get(String field) {
        return fields.get(field);
    }

    /** Adds or replaces the field. */
    public PayloadTree set(String field, @Nullable Object value) {
        fields.put(field, value);
        return this;
    }

    /** Adds the field unless it is there. */
    public PayloadTree setIfAbsent(String field, @Nullable Object value) {
        if (!has(field)) {
            set(field, value);
        }
        return this;
    }

    public PayloadTree remove(String field) {
        fields.remove(field);
        return this;
    }

    /** Renames the field; where it is missing nothing happens. */
    public PayloadTree rename(String from, String to) {
        if (has(from)) {
            set(to, fields.remove(from));
        }
        return this;
    }

    /**
     * The object within this field; changing it changes this payload. It is made if it is not
     * there.
     *
     * @throws IllegalArgumentException if the field is something else
     */
    @SuppressWarnings("unchecked") // objects within a tree are maps by name
    public PayloadTree object(String field) {
        Object value = fields.get(field);
        if (value == null) {
            Map<String, @Nullable Object> made = new LinkedHashMap<>();
            fields.put(field, made);
            return new PayloadTree(made);
        }
        if (value instanceof Map<?, ?> map) {
            return new PayloadTree((Map<String, @Nullable Object>) map);
        }
        throw new IllegalArgumentException(
                "expected '"
                        + field
                        + "' to be an object, was "
                        + value.getClass().getSimpleName());
    }

    /** The fields themselves, not a copy. */
    public Map<String, @Nullable Object> fields() {
        return fields;
    }
}
