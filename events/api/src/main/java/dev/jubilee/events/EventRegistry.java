package dev.jubilee.events;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Which types of events a program knows: the name of each, its class and schema version, and how
 * payloads of older versions become current. Made once at start by its {@link Builder}. Immutable
 * and thread-safe.
 */
public final class EventRegistry {
    private final Map<String, EventType<?>> byName;
    private final Map<Class<?>, EventType<?>> byClass;

    /** Per type, the upcasters by the version that they take, without a gap up to the current. */
    private final Map<String, NavigableMap<Integer, Upcaster>> upcasters;

    private EventRegistry(Builder builder) {
        byName = Map.copyOf(builder.byName);
        byClass = Map.copyOf(builder.byClass);
        upcasters = builder.upcasters;
    }

    public static Builder builder() {
        return new Builder();
    }

    /**
     * The type whose payload is of this class.
     *
     * @throws IllegalArgumentException if none was registered
     */
    public EventType<?> typeOf(Class<?> payload) {
        EventType<?> type = byClass.get(payload);
        if (type == null) {
            throw new IllegalArgumentException(
                    payload.getName() + " is not registered as the payload of an event type");
        }
        return type;
    }

    /** The type of this name, if it is known here. */
    public Optional<EventType<?>> named(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    /**
     * Brings a payload from the schema version given to the one this program has, in place. One
     * that is current or newer stays as it is.
     *
     * @throws UnreadableEventException if no upcaster takes that version, or one throws
     */
    public void upcast(EventType<?> type, int from, PayloadTree payload) {
        for (int version = from; version < type.schemaVersion(); version++) {
            Upcaster upcaster = upcaster(type, version);
            try {
                upcaster.upcast(payload);
            } catch (RuntimeException e) {
                throw new UnreadableEventException(
                        "%s of schema version %d could not be brought to version %d: %s"
                                .formatted(type.name(), version, version + 1, e),
                        e);
            }
        }
    }

    private Upcaster upcaster(EventType<?> type, int version) {
        NavigableMap<Integer, Upcaster> steps = upcasters.get(type.name());
        Upcaster upcaster = steps == null ? null : steps.get(version);
        if (upcaster == null) {
            throw new UnreadableEventException(
                    "%s is known at schema version %d, and nothing takes version %d"
                            .formatted(type.name(), type.schemaVersion(), version));
        }
        return upcaster;
    }

    /**
     * Collects types and upcasters, and complains of all that is wrong at once. Not thread-safe.
     */
    public static final class Builder {
        private final Map<String, EventType<?>> byName = new HashMap<>();
        private final Map<Class<?>, EventType<?>> byClass = new HashMap<>();
        private final Map<String, NavigableMap<Integer, Upcaster>> upcasters = new HashMap<>();
        private final List<String> problems = new ArrayList<>();

        private Builder() {}

        /** A type at its first schema version. */
        public Builder type(String name, Class<?> payload) {
            return type(name, 1, payload);
        }

        /** A type at this schema version; add an {@link #upcaster} for each older one in use. */
        public Builder type(String name, int schemaVersion, Class<?> payload) {
            EventType<?> type = new EventType<>(name, schemaVersion, payload);
            if (byName.putIfAbsent(name, type) != null) {
                problems.add("the type " + name + " is there twice");
            }
            EventType<?> other = byClass.putIfAbsent(payload, type);
            if (other != null) {
                problems.add(
                        "%s is the payload of both %s and %s"
                                .formatted(payload.getName(), other.name(), name));
            }
            return this;
        }

        /** Takes payloads of the type from schema version {@code from} to the next. */
        public Builder upcaster(String type, int from, Upcaster upcaster) {
            if (upcasters.computeIfAbsent(type, key -> new TreeMap<>()).put(from, upcaster)
                    != null) {
                problems.add("the upcaster of " + type + " from version " + from + " is twice");
            }
            return this;
        }

        /**
         * The registry.
         *
         * @throws IllegalArgumentException listing every problem: a name or class used twice, an
         *     upcaster of an unknown type, a gap between the versions
         */
        public EventRegistry build() {
            List<String> all = new ArrayList<>(problems);
            upcasters.forEach((name, steps) -> check(name, steps, all));
            if (!all.isEmpty()) {
                throw new IllegalArgumentException(String.join("; ", all));
            }
            return new EventRegistry(this);
        }

        private void check(String name, NavigableMap<Integer, Upcaster> steps, List<String> all) {
            EventType<?> type = byName.get(name);
            if (type == null) {
                all.add("there is an upcaster of " + name + ", but no such type");
                return;
            }
            for (int version = steps.firstKey(); version < type.schemaVersion(); version++) {
                if (!steps.containsKey(version)) {
                    all.add("no upcaster takes " + name + " from version " + version);
                }
            }
            if (steps.lastKey() >= type.schemaVersion()) {
                all.add(
                        "the upcaster of %s from version %d leads beyond the current version %d"
                                .formatted(name, steps.lastKey(), type.schemaVersion()));
            }
        }
    }
}
