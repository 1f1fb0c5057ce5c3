package dev.jubilee.server.liveops.progress;

import dev.jubilee.server.conditions.ExpressionException;
import dev.jubilee.server.conditions.Scope;
import dev.jubilee.server.conditions.Variable;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.liveops.rewards.Earned;
import dev.jubilee.server.liveops.rules.ProgressRule;
import dev.jubilee.server.liveops.rules.RewardRule;
import dev.jubilee.server.liveops.rules.Rules;
import dev.jubilee.server.players.Player;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * How one participation stands while a batch is applied to it. An event either counts as a whole or
 * leaves no trace. The outcome does not depend on how events fall into batches: whatever depends on
 * the metrics is looked at after each event. For one thread.
 */
final class Standing {
    private final Stored before;
    private final Occurrence occurrence;
    private final String userId;
    private final Instant countsFrom;
    private final @Nullable Player player;
    private final List<RewardRule> milestones;
    private final Set<String> rewarded;
    private final boolean[] reached;
    private Map<String, Double> progress;
    private @Nullable Double score;
    private @Nullable Instant reachedAt;
    private boolean completed;
    private @Nullable Instant completedAt;
    private @Nullable String completedBy;
    private boolean counted;
    private boolean changed;
    private final List<Earned> earned = new ArrayList<>();

    /** A participation as the database has it. */
    record Stored(
            UUID participationId,
            Candidate.Seat seat,
            boolean completed,
            Instant joinedAt,
            Map<String, Double> progress,
            @Nullable Double score,
            @Nullable Instant reachedAt) {}

    /**
     * @param player null when nothing looks at it
     * @param rewarded milestones that the player is known to have been granted; those that look at
     *     the player and are not among them are granted anew, which makes nothing twice
     */
    Standing(Occurrence occurrence, Stored stored, @Nullable Player player, Set<String> rewarded) {
        this.before = stored;
        this.occurrence = occurrence;
        this.userId = stored.seat().userId();
        this.countsFrom =
                stored.joinedAt().isAfter(occurrence.startsAt())
                        ? stored.joinedAt()
                        : occurrence.startsAt();
        this.player = player;
        this.progress = stored.progress();
        this.score = stored.score();
        this.reachedAt = stored.reachedAt();
        this.completed = stored.completed();
        this.milestones =
                occurrence.rules().rewards().stream()
                        .filter(rule -> rule.on() == RewardRule.Trigger.MILESTONE)
                        .toList();
        this.rewarded = rewarded;
        this.reached = new boolean[milestones.size()];
        for (int i = 0; i < reached.length; i++) {
            RewardRule rule = milestones.get(i);
            // What the player is by now says nothing of what held when the metrics were written.
            // With no progress yet nothing has come to hold, even what holds from the start.
            reached[i] =
                    looksAtPlayer(rule)
                            ? rewarded.contains(rule.rewardId())
                            : !progress.isEmpty() && rule.isReachedBy(Scope.of(player, progress));
        }
    }

    private static boolean looksAtPlayer(RewardRule rule) {
        return rule.when() != null && rule.when().uses().contains(Variable.PLAYER);
    }

    /** Whether the player was in when the event was accepted. */
    boolean admits(Candidate candidate) {
        return !candidate.at().isBefore(countsFrom);
    }

    /**
     * Lets the event count, as far as the rules say so.
     *
     * @throws RuntimeException when a rule fails; nothing has counted then
     */
    void apply(Candidate candidate) {
        Map<String, Double> next = new HashMap<>(progress);
        Scope scope = new Scope(candidate.view(), candidate.data(), player, progress);
        boolean counts = false;
        for (ProgressRule rule : candidate.binding().rules()) {
            counts |= apply(rule, scope, next);
        }
        if (!counts) {
            return;
        }
        counted = true;
        Rules rules = occurrence.rules();
        Scope metrics = Scope.of(player, next);
        Double newScore = rules.scoreOf(metrics, score);
        boolean completes = !completed && rules.completes(metrics);
        List<Integer> nowReached = new ArrayList<>(0);
        for (int i = 0; i < reached.length; i++) {
            if (!reached[i] && milestones.get(i).isReachedBy(metrics)) {
                nowReached.add(i);
            }
        }
        take(candidate, next, newScore);
        nowReached.forEach(i -> {
            reached[i] = true;
            // It may hold by the player alone, while the metrics stay as they are.
            changed = true;
            earn(milestones.get(i), candidate);
        });
        if (completes) {
            complete(candidate);
        }
    }

    /** Whether the event would count for a player who begins with it; not when a rule fails. */
    static boolean wouldCount(Candidate candidate, @Nullable Player player) {
        Scope scope = new Scope(candidate.view(), candidate.data(), player, Map.of());
        try {
            boolean counts = false;
            Map<String, Double> next = new HashMap<>();
            for (ProgressRule rule : candidate.binding().rules()) {
                counts |= apply(rule, scope, next);
            }
            return counts;
        } catch (RuntimeException e) {
            return false;
        }
    }

    private static boolean apply(ProgressRule rule, Scope scope, Map<String, Double> next) {
        if (rule.when() != null && !rule.when().test(scope)) {
            return false;
        }
        double value;
        try {
            value = rule.value().value(scope);
        } catch (ExpressionException e) {
            return false; // what has no value here does not count
        }
        Double before = next.get(rule.metric());
        double after =
                switch (rule.operation()) {
                    case ADD -> (before == null ? 0 : before) + value;
                    case MIN -> before == null ? value : Math.min(before, value);
                    case MAX -> before == null ? value : Math.max(before, value);
                    case LAST -> value;
                };
        if (Double.isFinite(after)) {
            next.put(rule.metric(), after);
        }
        return true;
    }

    private void take(Candidate candidate, Map<String, Double> next, @Nullable Double newScore) {
        if (newScore != null && !newScore.equals(score)) {
            score = newScore;
            reachedAt = candidate.at();
            changed = true;
        }
        if (!next.equals(progress)) {
            progress = next;
            changed = true;
        }
    }

    private void complete(Candidate candidate) {
        completed = true;
        completedAt = candidate.at();
        completedBy = candidate.eventId();
        changed = true;
        for (RewardRule rule : occurrence.rules().rewards()) {
            if (rule.on() == RewardRule.Trigger.COMPLETE) {
                earn(rule, candidate);
            }
        }
    }

    private void earn(RewardRule rule, Candidate candidate) {
        earned.add(new Earned(occurrence, rule, userId, 1, candidate.at(), candidate.eventId()));
    }

    UUID participationId() {
        return before.participationId();
    }

    Occurrence occurrence() {
        return occurrence;
    }

    String userId() {
        return userId;
    }

    Map<String, Double> progress() {
        return progress;
    }

    @Nullable Double score() {
        return score;
    }

    @Nullable Instant reachedAt() {
        return reachedAt;
    }

    /** When it was completed within this batch; null when it was not. */
    @Nullable Instant completedAt() {
        return completedAt;
    }

    /** The event that completed it. */
    @Nullable String completedBy() {
        return completedBy;
    }

    /** How the row looks once this is written. */
    Stored stored() {
        return new Stored(
                before.participationId(),
                before.seat(),
                completed,
                before.joinedAt(),
                progress,
                score,
                reachedAt);
    }

    Candidate.Seat seat() {
        return before.seat();
    }

    /** Whether an event has counted, which may have changed nothing: a best that is not beaten. */
    boolean counted() {
        return counted;
    }

    /** Whether there is anything to write. */
    boolean changed() {
        return changed;
    }

    /** The milestones that look at the player and are granted once this is written. */
    Set<String> rewarded() {
        Set<String> all = rewarded;
        for (int i = 0; i < reached.length; i++) {
            RewardRule rule = milestones.get(i);
            if (reached[i] && looksAtPlayer(rule) && !all.contains(rule.rewardId())) {
                all = new HashSet<>(all);
                all.add(rule.rewardId());
            }
        }
        return all;
    }

    /** The rewards earned within this batch. */
    List<Earned> earned() {
        return earned;
    }
}
