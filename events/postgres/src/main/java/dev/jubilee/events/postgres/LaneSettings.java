package dev.jubilee.events.postgres;

import java.time.Duration;

/**
 * The bounds of a lane.
 *
 * @param name names the lane's thread and its messages
 * @param maxBatch at most so many items a transaction
 * @param capacity at most so many submissions wait; beyond half of it, a key's share shrinks so
 *     that there is always room for one key more
 * @param patience how long a submission that says nothing else may take
 * @param tokenTable the table of commit tokens, see {@link CommitToken}
 */
public record LaneSettings(
        String name, int maxBatch, int capacity, Duration patience, String tokenTable) {
    public LaneSettings {
        if (maxBatch < 1) {
            throw new IllegalArgumentException("maxBatch must be at least 1, was " + maxBatch);
        }
        if (capacity < 1) {
            throw new IllegalArgumentException("capacity must be at least 1, was " + capacity);
        }
        if (!patience.isPositive()) {
            throw new IllegalArgumentException("patience must be positive, was " + patience);
        }
        SqlNames.requireTable("tokenTable", tokenTable);
    }

    /** Batches of 500, 20,000 waiting, 5 seconds, {@code platform.commit_tokens}. */
    public static LaneSettings of(String name) {
        return new LaneSettings(name, 500, 20_000, Duration.ofSeconds(5), "platform.commit_tokens");
    }

    public LaneSettings withMaxBatch(int value) {
        return new LaneSettings(name, value, capacity, patience, tokenTable);
    }

    public LaneSettings withCapacity(int value) {
        return new LaneSettings(name, maxBatch, value, patience, tokenTable);
    }

    public LaneSettings withPatience(Duration value) {
        return new LaneSettings(name, maxBatch, capacity, value, tokenTable);
    }

    public LaneSettings withTokenTable(String value) {
        return new LaneSettings(name, maxBatch, capacity, patience, value);
    }
}
