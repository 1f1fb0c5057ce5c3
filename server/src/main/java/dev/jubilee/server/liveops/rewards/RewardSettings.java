package dev.jubilee.server.liveops.rewards;

import dev.jubilee.server.config.SettingsReader;
import java.time.Duration;

/**
 * @param claimTimeout how long a grant can be claimed after it was earned and its occurrence has
 *     ended, whichever is later
 */
public record RewardSettings(Duration claimTimeout) {
    private static final Duration DEFAULT_CLAIM_TIMEOUT = Duration.ofDays(1);

    /**
     * Reads {@code REWARD_CLAIM_TIMEOUT} and {@code REWARD_DUPLICATE_CHECK}; the latter cannot be
     * switched off, because a grant is made once, always.
     */
    public static RewardSettings from(SettingsReader settings) {
        if (!settings.flag("REWARD_DUPLICATE_CHECK", true)) {
            settings.fault("REWARD_DUPLICATE_CHECK", "false", "true: a grant is made once, always");
        }
        return new RewardSettings(
                settings.duration(
                        "REWARD_CLAIM_TIMEOUT",
                        DEFAULT_CLAIM_TIMEOUT,
                        Duration.ofSeconds(1),
                        Duration.ofDays(3650)));
    }
}
