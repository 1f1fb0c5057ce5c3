package dev.jubilee.events;

import java.util.Locale;

/** How urgent an event is to those who deliver it. Order per partition key comes before it. */
public enum Priority {
    HIGH,
    NORMAL,
    LOW;

    private final String wireName = name().toLowerCase(Locale.ROOT);

    /** The name on the wire: {@code high}, {@code normal} or {@code low}. */
    public String wireName() {
        return wireName;
    }

    /**
     * The priority of a name on the wire, in any case.
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    public static Priority of(String name) {
        for (Priority priority : values()) {
            if (priority.wireName.equalsIgnoreCase(name)) {
                return priority;
            }
        }
        throw new IllegalArgumentException(
                "expected a priority of high, normal or low, was '" + name + "'");
    }
}
