package dev.jubilee.events.postgres.store;

import dev.jubilee.events.postgres.LaneSettings;
import java.time.Duration;
import java.util.regex.Pattern;

/**
 * What a store on PostgreSQL may be told.
 *
 * @param schema the schema of its tables; each schema is a log of its own, with its own positions
 * @param maxBatch at most so many appends share a transaction
 * @param capacity at most so many appends wait; one more is refused
 * @param patience how long an append may wait before it is refused
 */
public record EventStoreSettings(String schema, int maxBatch, int capacity, Duration patience) {
    private static final Pattern NAME = Pattern.compile("[a-z_][a-z0-9_]{0,62}");

    public EventStoreSettings {
        if (!NAME.matcher(schema).matches()) {
            throw new IllegalArgumentException(
                    "schema must be a name of a-z, 0-9 and '_', was '" + schema + "'");
        }
    }

    /** Batches of 256, 20,000 waiting, 5 seconds. */
    public static EventStoreSettings of(String schema) {
        return new EventStoreSettings(schema, 256, 20_000, Duration.ofSeconds(5));
    }

    public EventStoreSettings withMaxBatch(int value) {
        return new EventStoreSettings(schema, value, capacity, patience);
    }

    public EventStoreSettings withCapacity(int value) {
        return new EventStoreSettings(schema, maxBatch, value, patience);
    }

    public EventStoreSettings withPatience(Duration value) {
        return new EventStoreSettings(schema, maxBatch, capacity, value);
    }

    LaneSettings lane() {
        return new LaneSettings("event-store-" + schema, maxBatch, capacity, patience, null, true);
    }
}
