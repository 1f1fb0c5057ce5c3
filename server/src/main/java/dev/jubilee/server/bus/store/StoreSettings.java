package dev.jubilee.server.bus.store;

import dev.jubilee.server.config.SettingsReader;
import java.time.Duration;

/**
 * How the store stores, how long it keeps, what it counts, and how long it is waited for.
 *
 * @param consumers how many consume at a time within one instance
 * @param retention events, by whole days
 * @param idWindow the ids that clients made: within it a repeated id is stored once
 * @param tracking whether events are counted and timed by their type
 * @param catchUp how long a question waits for what is on its way to the store
 */
public record StoreSettings(
        int consumers, Duration retention, Duration idWindow, boolean tracking, Duration catchUp) {
    private static final Duration DEFAULT = Duration.ofDays(7);
    private static final Duration LONGEST = Duration.ofDays(3_650);

    /**
     * Reads {@code EVENT_STORE_CONSUMERS}, {@code EVENT_RETENTION}, {@code EVENT_ID_RETENTION},
     * {@code EVENT_TRACKING_ENABLED} and {@code EVENT_BUS_CATCH_UP_TIMEOUT}, and refuses {@code
     * EVENT_BUS_ENCRYPTION_ENABLED}: who asks for it must not believe that payloads are encrypted.
     */
    public static StoreSettings from(SettingsReader reader) {
        if (reader.flag("EVENT_BUS_ENCRYPTION_ENABLED", false)) {
            reader.fault(
                    "EVENT_BUS_ENCRYPTION_ENABLED",
                    "true",
                    "false: payloads are kept as they were published; encrypt the disks, or the"
                            + " payloads where they are made");
        }
        int processors = Runtime.getRuntime().availableProcessors();
        return new StoreSettings(
                reader.integer("EVENT_STORE_CONSUMERS", consumersFor(processors), 1, 8),
                reader.duration("EVENT_RETENTION", DEFAULT, Duration.ofHours(1), LONGEST),
                reader.duration("EVENT_ID_RETENTION", DEFAULT, Duration.ofHours(1), LONGEST),
                reader.flag("EVENT_TRACKING_ENABLED", true),
                reader.duration(
                        "EVENT_BUS_CATCH_UP_TIMEOUT",
                        Duration.ofSeconds(2),
                        Duration.ofMillis(100),
                        Duration.ofSeconds(30)));
    }

    /** A second one is in the way where publishing and PostgreSQL have but two processors. */
    static int consumersFor(int processors) {
        return Math.clamp(processors / 2, 1, 2);
    }
}
