package dev.jubilee.server.liveops.progress;

import dev.jubilee.server.config.SettingsReader;

/**
 * @param group whose positions say how far progress has come
 * @param consumers how many consume at a time within one instance; one evaluates while another
 *     waits for the database
 * @param maxBatch events a transaction
 */
public record ProgressSettings(String group, int consumers, int maxBatch) {
    private static final String DEFAULT_GROUP = "progress";
    private static final int DEFAULT_CONSUMERS = 2;
    private static final int DEFAULT_MAX_BATCH = 2_500;

    /** The defaults. */
    public static final ProgressSettings DEFAULTS =
            new ProgressSettings(DEFAULT_GROUP, DEFAULT_CONSUMERS, DEFAULT_MAX_BATCH);

    /** Reads {@code PROGRESS_CONSUMERS} and {@code PROGRESS_MAX_BATCH}. */
    public static ProgressSettings from(SettingsReader settings) {
        return new ProgressSettings(
                DEFAULT_GROUP,
                settings.integer("PROGRESS_CONSUMERS", DEFAULT_CONSUMERS, 1, 64),
                settings.integer("PROGRESS_MAX_BATCH", DEFAULT_MAX_BATCH, 1, 50_000));
    }

    public ProgressSettings withGroup(String value) {
        return new ProgressSettings(value, consumers, maxBatch);
    }
}
