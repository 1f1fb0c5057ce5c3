package dev.jubilee.server.liveops.closing;

import dev.jubilee.server.liveops.progress.ProgressSettings;
import java.time.Duration;

/**
 * @param group the consumer group whose positions say how far progress has come
 * @param ledgerRetention how long it is known which events counted for an occurrence that is over
 * @param grantsAtATime grants that are made in one transaction, unless a single rank earns more
 * @param participationsAtATime participations that are frozen in one transaction
 */
public record ClosingSettings(
        String group, Duration ledgerRetention, int grantsAtATime, int participationsAtATime) {
    private static final int GRANTS_AT_A_TIME = 5_000;
    private static final int PARTICIPATIONS_AT_A_TIME = 10_000;

    /**
     * Follows from what progress is set to.
     *
     * @param eventRetention how long the bus keeps events, and tells where they counted
     */
    public static ClosingSettings of(ProgressSettings progress, Duration eventRetention) {
        return new ClosingSettings(
                progress.group(), eventRetention, GRANTS_AT_A_TIME, PARTICIPATIONS_AT_A_TIME);
    }
}
