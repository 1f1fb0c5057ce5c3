package dev.jubilee.events.postgres;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The bounds of a lane.
 *
 * @param name names the lane's thread and its messages
 * @param maxBatch at most so many items a transaction
 * @param capacity at most so many submissions wait; beyond half of it, a key's share shrinks so
 *     that there is always room for one key more
 * @param patience how long a submission that says nothing else may take
 * @param tokenTable the table of commit tokens, see {@link CommitToken}; null if the work commits
 *     by itself and may be repeated after it was done, see {@link #repeatable}
 * @param gathers whether a lane that has just answered many waits a moment for them to come back,
 *     at most an eighth of what the batch took: fewer and larger transactions when callers ask
 *     again and again. A lane that was idle or had one caller never waits
 */
public record LaneSettings(
        String name,
        int maxBatch,
        int capacity,
        Duration patience,
        @Nullable String tokenTable,
        boolean gathers) {
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
        if (tokenTable != null) {
            SqlNames.requireTable("tokenTable", tokenTable);
        }
    }

    /** Batches of 500, 20,000 waiting, 5 seconds, {@code platform.commit_tokens}. */
    public static LaneSettings of(String name) {
        return new LaneSettings(
                name, 500, 20_000, Duration.ofSeconds(5), "platform.commit_tokens", false);
    }

    public LaneSettings withMaxBatch(int value) {
        return new LaneSettings(name, value, capacity, patience, tokenTable, gathers);
    }

    public LaneSettings withCapacity(int value) {
        return new LaneSettings(name, maxBatch, value, patience, tokenTable, gathers);
    }

    public LaneSettings withPatience(Duration value) {
        return new LaneSettings(name, maxBatch, capacity, value, tokenTable, gathers);
    }

    public LaneSettings withTokenTable(String value) {
        return new LaneSettings(name, maxBatch, capacity, patience, value, gathers);
    }

    /**
     * For work that commits by itself, each statement or each few of them, and that finds out when
     * it is repeated what was done before. It saves the round trips of the token and of the commit.
     */
    public LaneSettings repeatable() {
        return new LaneSettings(name, maxBatch, capacity, patience, null, gathers);
    }

    public LaneSettings withGathering(boolean value) {
        return new LaneSettings(name, maxBatch, capacity, patience, tokenTable, value);
    }
}
