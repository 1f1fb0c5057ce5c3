package dev.jubilee.server.liveops.rules;

import dev.jubilee.server.conditions.Expression.Condition;
import dev.jubilee.server.conditions.Expression.Formula;
import dev.jubilee.server.conditions.ExpressionException;
import dev.jubilee.server.conditions.Scope;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The compiled configuration of a live event, as it is frozen into an occurrence.
 *
 * @param requirement who may join; null is everybody
 * @param completeWhen when a participation completes by its progress; null is never by itself
 * @param score what is ranked; null ranks nobody
 * @param tieBreak {@code score} and {@code reached_at} in order of weight; the participation id
 *     decides last
 */
public record Rules(
        Join join,
        @Nullable Condition requirement,
        List<ProgressRule> progress,
        @Nullable Condition completeWhen,
        @Nullable Formula score,
        List<String> tieBreak,
        List<RewardRule> rewards) {
    /** Whether these metrics complete a participation. */
    public boolean completes(Scope metrics) {
        return completeWhen != null && completeWhen.test(metrics);
    }

    /**
     * The score that these metrics give; as before where nobody is ranked, and where it has no
     * value yet, such as a division by a metric that is not there.
     */
    public @Nullable Double scoreOf(Scope metrics, @Nullable Double before) {
        if (score == null) {
            return before;
        }
        try {
            return score.value(metrics);
        } catch (ExpressionException e) {
            return before;
        }
    }

    /** How players come in. */
    public enum Join {
        /** By joining. */
        MANUAL,
        /** By joining, or by the first event that matches a progress rule. */
        AUTOMATIC
    }
}
