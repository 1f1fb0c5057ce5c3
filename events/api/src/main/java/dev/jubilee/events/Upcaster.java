package dev.jubilee.events;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Turns a payload of one schema version into the next. It works on plain values, because the class
 * of the old version is gone: {@link String}, {@link Boolean}, {@link Integer}, {@link Long},
 * {@link java.math.BigInteger}, {@link java.math.BigDecimal} for every other number, {@link
 * java.util.List}, {@link Map} by name in order, and null. Must not keep or share what it is given;
 * called from any thread.
 */
@FunctionalInterface
public interface Upcaster {
    /**
     * The next version of the payload. The map and all in it may be changed and handed back.
     *
     * @throws RuntimeException if this is no payload of the version; the event is then unreadable
     */
    Map<String, @Nullable Object> upcast(Map<String, @Nullable Object> payload);

    /** Renames a field; where it is missing nothing happens. */
    static Upcaster renaming(String from, String to) {
        return payload -> {
            if (payload.containsKey(from)) {
                payload.put(to, payload.remove(from));
            }
            return payload;
        };
    }

    /** Adds a field that the older version did not have. */
    static Upcaster adding(String field, Object value) {
        return payload -> {
            payload.putIfAbsent(field, value);
            return payload;
        };
    }

    /** This one, then the other, as one step. */
    default Upcaster andThen(Upcaster other) {
        return payload -> other.upcast(upcast(payload));
    }
}
