package dev.jubilee.server.liveops.closing;

import dev.jubilee.server.liveops.progress.ProgressSettings;
import java.time.Duration;

/**
 * @param group the consumer group whose positions say how far progress has come
 * @param ledgerRetention how long it is known which events counted for an occurrence that is over
 * @param ranksAtATime ranks that are paid in one transaction
 */
public record ClosingSettings(String group, Duration ledgerRetention, int ranksAtATime) {
    private static final int RANKS_AT_A_TIME = 5_000;

    /**
     * Follows from what progress is set to.
     *
     * @param eventRetention how long the bus keeps events, and tells where they counted
     */
    public static ClosingSettings of(ProgressSettings progress, Duration eventRetention) {
        return new ClosingSettings(progress.group(), eventRetention, RANKS_AT_A_TIME);
    }
}
