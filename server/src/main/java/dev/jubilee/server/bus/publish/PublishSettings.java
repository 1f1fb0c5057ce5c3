package dev.jubilee.server.bus.publish;

import dev.jubilee.server.config.SettingsReader;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The limits of publishing.
 *
 * @param families what an event type may begin with
 * @param maxEventBytes of one event as it is sent, payload and all
 * @param maxBatchBytes of the body of a batch
 * @param laneRequests how many requests may wait to be handed to Kafka
 * @param timeout until Kafka has acknowledged
 * @param linger how long the producer waits for company
 * @param compression of what is sent to Kafka
 */
public record PublishSettings(
        Set<String> families,
        int maxEventBytes,
        int maxBatchBytes,
        int laneRequests,
        Duration timeout,
        Duration linger,
        String compression) {
    /** How many events a batch may have. */
    public static final int MAX_BATCH = 1_000;

    private static final List<String> FAMILIES =
            List.of("game", "system", "analytics", "audit", "liveops");
    private static final List<String> COMPRESSIONS =
            List.of("none", "lz4", "zstd", "snappy", "gzip");

    /** What the headers of a record may add to an event's own bytes. */
    private static final int HEADROOM = 64 * 1024;

    /** Reads {@code EVENT_BUS_EVENT_FAMILIES} and its like. */
    public static PublishSettings from(SettingsReader reader) {
        return new PublishSettings(
                families(reader),
                reader.integer("EVENT_BUS_MAX_EVENT_BYTES", 1 << 20, 1_024, 16 << 20),
                reader.integer("EVENT_BUS_MAX_BATCH_BYTES", 8 << 20, 1_024, 64 << 20),
                reader.integer("EVENT_BUS_EVENT_BUFFER_SIZE", 1_000, 1, 1_000_000),
                reader.duration(
                        "EVENT_BUS_PUBLISH_TIMEOUT",
                        Duration.ofSeconds(10),
                        Duration.ofMillis(500),
                        Duration.ofMinutes(2)),
                reader.duration(
                        "EVENT_BUS_PUBLISH_LINGER",
                        Duration.ofMillis(1),
                        Duration.ZERO,
                        Duration.ofSeconds(1)),
                compression(reader));
    }

    /** The largest record that a topic must take. */
    public int maxRecordBytes() {
        return maxEventBytes + HEADROOM;
    }

    private static Set<String> families(SettingsReader reader) {
        Set<String> families = new LinkedHashSet<>(FAMILIES);
        String more = reader.text("EVENT_BUS_EVENT_FAMILIES", "");
        for (String family : more.split(",", -1)) {
            String name = family.strip();
            if (!name.isEmpty() && !name.matches("[a-z0-9_-]{1,32}")) {
                reader.fault(
                        "EVENT_BUS_EVENT_FAMILIES",
                        more,
                        "names of a-z, 0-9, _ and -, separated by commas");
            } else if (!name.isEmpty()) {
                families.add(name);
            }
        }
        return Set.copyOf(families);
    }

    private static String compression(SettingsReader reader) {
        String value = reader.text("EVENT_BUS_PUBLISH_COMPRESSION", "lz4");
        if (!COMPRESSIONS.contains(value)) {
            reader.fault(
                    "EVENT_BUS_PUBLISH_COMPRESSION",
                    value,
                    "one of " + String.join(", ", COMPRESSIONS));
        }
        return value;
    }
}
