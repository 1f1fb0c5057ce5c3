package dev.jubilee.server.liveops.rules;

import dev.jubilee.server.conditions.Expression.Condition;
import dev.jubilee.server.conditions.Scope;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What can be earned, and how.
 *
 * @param rewardId unique within its event
 * @param value a JSON object, such as {@code {"amount": 100}}
 * @param when for a milestone: the condition on the metrics, which must come to hold
 * @param top for a rank: the last rank that earns it; 0 otherwise
 * @param maxClaims claims an occurrence; null is without limit
 * @param automatic claimed at the moment when it is earned
 */
public record RewardRule(
        String rewardId,
        String rewardType,
        JsonNode value,
        Trigger on,
        @Nullable Condition when,
        int top,
        @Nullable Integer maxClaims,
        boolean automatic) {
    /** Whether these metrics reach the milestone. */
    public boolean isReachedBy(Scope metrics) {
        return on == Trigger.MILESTONE && when != null && when.test(metrics);
    }

    /** What earns it. */
    public enum Trigger {
        JOIN,
        COMPLETE,
        MILESTONE,
        RANK
    }
}
