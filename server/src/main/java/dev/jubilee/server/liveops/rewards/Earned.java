package dev.jubilee.server.liveops.rewards;

import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.liveops.rules.RewardRule;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * That a player has come to earn a reward.
 *
 * @param rule one of the occurrence's own
 * @param sequence from 1; tells apart what may be earned several times
 * @param causationId the bus event that brought it about; null when a request or the clock did
 */
public record Earned(
        Occurrence occurrence,
        RewardRule rule,
        String userId,
        int sequence,
        Instant at,
        @Nullable String causationId) {}
