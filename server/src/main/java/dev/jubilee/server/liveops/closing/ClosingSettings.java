package dev.jubilee.server.liveops.closing;

import dev.jubilee.server.liveops.progress.ProgressSettings;
import dev.jubilee.server.liveops.rewards.RewardSettings;
import java.time.Duration;

/**
 * @param group the consumer group whose positions say how far progress has come
 * @param claimTimeout how long rewards of an occurrence without a planned end can be claimed
 * @param ranksAtATime ranks that are paid in one transaction
 */
public record ClosingSettings(String group, Duration claimTimeout, int ranksAtATime) {
    private static final int RANKS_AT_A_TIME = 5_000;

    /** Follows from what progress and rewards are set to. */
    public static ClosingSettings of(ProgressSettings progress, RewardSettings rewards) {
        return new ClosingSettings(progress.group(), rewards.claimTimeout(), RANKS_AT_A_TIME);
    }
}
