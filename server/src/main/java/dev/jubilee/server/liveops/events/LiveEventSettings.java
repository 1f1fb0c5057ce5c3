package dev.jubilee.server.liveops.events;

import dev.jubilee.server.config.SettingsReader;
import dev.jubilee.server.security.Access;
import java.time.Duration;

/**
 * Settings of live events.
 *
 * @param maxEvents unfinished live events that there may be
 * @param maxParticipants capacity of a live event that names none
 * @param maxRewards rewards that a live event may name
 * @param autoStart whether the clock starts what is due; otherwise an admin does
 * @param autoEnd whether the clock ends what is due; otherwise an admin does
 * @param checkInterval how long the clock sleeps at most
 * @param reads who may read live events
 * @param rowsAtATime participations, or grants, that one transaction writes when an event is called
 *     off or its end is moved
 */
public record LiveEventSettings(
        int maxEvents,
        int maxParticipants,
        int maxRewards,
        boolean autoStart,
        boolean autoEnd,
        Duration checkInterval,
        Access reads,
        int rowsAtATime) {
    private static final int ROWS_AT_A_TIME = 10_000;

    /** Reads them by their names. */
    public static LiveEventSettings from(SettingsReader settings) {
        return new LiveEventSettings(
                settings.integer("MAX_EVENTS", 1_000, 1, 100_000),
                settings.integer("MAX_PARTICIPANTS_PER_EVENT", 10_000, 1, Integer.MAX_VALUE),
                settings.integer("MAX_REWARDS_PER_EVENT", 100, 1, 1_000),
                settings.flag("AUTO_START_EVENTS", true),
                settings.flag("AUTO_END_EVENTS", true),
                settings.duration(
                        "SCHEDULE_CHECK_INTERVAL",
                        Duration.ofSeconds(60),
                        Duration.ofSeconds(1),
                        Duration.ofHours(1)),
                settings.flag("OPEN_READS", true) ? Access.ANYONE : Access.PLAYER,
                ROWS_AT_A_TIME);
    }

    /** The same with another bound of rows in a transaction. */
    LiveEventSettings withRowsAtATime(int rows) {
        return new LiveEventSettings(
                maxEvents,
                maxParticipants,
                maxRewards,
                autoStart,
                autoEnd,
                checkInterval,
                reads,
                rows);
    }
}
