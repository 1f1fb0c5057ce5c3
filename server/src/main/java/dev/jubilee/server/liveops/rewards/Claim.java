package dev.jubilee.server.liveops.rewards;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A player's wish to have what it earned.
 *
 * @param occurrenceId null for the player's most recent grant of that reward in the event
 */
public record Claim(String eventId, String rewardId, String userId, @Nullable UUID occurrenceId) {}
