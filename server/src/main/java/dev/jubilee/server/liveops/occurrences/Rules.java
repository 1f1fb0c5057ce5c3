package dev.jubilee.server.liveops.occurrences;

import dev.jubilee.server.conditions.Expression.Condition;
import dev.jubilee.server.conditions.Expression.Formula;
import dev.jubilee.server.progress.ProgressRule;
import dev.jubilee.server.rewards.RewardRule;
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
    /** How players come in. */
    public enum Join {
        /** By joining. */
        MANUAL,
        /** By joining, or by the first event that matches a progress rule. */
        AUTOMATIC
    }
}
