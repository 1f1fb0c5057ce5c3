package dev.jubilee.events;

import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a component says about itself. Its ordering key is the component.
 *
 * @param details plain values, as in {@link PayloadTree}; empty when there are none
 */
public record SystemEvent(
        String id,
        String type,
        Instant timestamp,
        long version,
        EventMetadata metadata,
        Level level,
        String component,
        String message,
        Map<String, @Nullable Object> details)
        implements BaseEvent {

    /** How bad it is. */
    public enum Level {
        INFO,
        WARNING,
        ERROR,
        CRITICAL;

        private final String wireName = name().toLowerCase(Locale.ROOT);

        /** The name on the wire, such as {@code info}. */
        public String wireName() {
            return wireName;
        }

        /**
         * The level of a name on the wire, in any case.
         *
         * @throws IllegalArgumentException if there is none of that name
         */
        public static Level of(String name) {
            for (Level level : values()) {
                if (level.wireName.equalsIgnoreCase(name)) {
                    return level;
                }
            }
            throw new IllegalArgumentException(
                    "expected a level of info, warning, error or critical, was '" + name + "'");
        }
    }

    /**
     * Copies the details; written out, because what is nullable within a type is lost otherwise.
     */
    public SystemEvent(
            String id,
            String type,
            Instant timestamp,
            long version,
            EventMetadata metadata,
            Level level,
            String component,
            String message,
            Map<String, @Nullable Object> details) {
        Requirements.identity(id, type, version);
        Requirements.text("component", component);
        this.id = id;
        this.type = type;
        this.timestamp = timestamp;
        this.version = version;
        this.metadata = metadata;
        this.level = level;
        this.component = component;
        this.message = message;
        this.details = PlainValues.copyOf(details);
    }

    @Override
    public String orderingKey() {
        return component;
    }

    @Override
    public SystemEvent withMetadata(EventMetadata other) {
        return new SystemEvent(
                id, type, timestamp, version, other, level, component, message, details);
    }
}
