package dev.jubilee.server.liveops;

import dev.jubilee.server.config.SettingsReader;
import dev.jubilee.server.liveops.events.LiveEventSettings;
import dev.jubilee.server.liveops.participation.ParticipationSettings;
import dev.jubilee.server.liveops.progress.ProgressSettings;
import dev.jubilee.server.liveops.rewards.RewardSettings;
import dev.jubilee.server.outbox.OutboxSettings;

/** The settings of live-ops' features. */
public record LiveOpsSettings(
        LiveEventSettings events,
        ParticipationSettings participation,
        ProgressSettings progress,
        RewardSettings rewards,
        OutboxSettings outbox) {
    /** Reads them all. */
    public static LiveOpsSettings from(SettingsReader in) {
        return new LiveOpsSettings(
                LiveEventSettings.from(in),
                ParticipationSettings.from(in),
                ProgressSettings.from(in),
                RewardSettings.from(in),
                OutboxSettings.from(in));
    }
}
