package dev.jubilee.server.rewards;

import dev.jubilee.server.liveops.occurrences.Occurrence;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A player has earned a reward; granting it twice makes one grant.
 *
 * @param sequence tells several grants of one rule to one player apart, from 1
 * @param causationId the bus event that brought it about; null when a request did
 */
public record Earned(
        Occurrence occurrence,
        RewardRule rule,
        String userId,
        int sequence,
        Instant at,
        @Nullable String causationId) {}
