package dev.jubilee.server.liveops.participation;

import dev.jubilee.server.config.SettingsReader;
import java.time.Duration;

/**
 * The bounds of joining and leaving.
 *
 * @param maxBatch players a transaction
 * @param capacity how many may wait; more are told to come again
 * @param patience how long one may wait
 */
public record ParticipationSettings(int maxBatch, int capacity, Duration patience) {
    /** The settings without any being given. */
    public static final ParticipationSettings DEFAULT =
            new ParticipationSettings(400, 10_000, Duration.ofSeconds(5));

    public static ParticipationSettings from(SettingsReader settings) {
        return new ParticipationSettings(
                settings.integer("JUBILEE_JOIN_BATCH", DEFAULT.maxBatch, 1, 5_000),
                settings.integer("JUBILEE_JOIN_CAPACITY", DEFAULT.capacity, 1, 1_000_000),
                settings.duration(
                        "JUBILEE_JOIN_PATIENCE",
                        DEFAULT.patience,
                        Duration.ofMillis(10),
                        Duration.ofMinutes(1)));
    }
}
