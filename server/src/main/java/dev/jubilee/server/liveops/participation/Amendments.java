package dev.jubilee.server.liveops.participation;

import dev.jubilee.server.conditions.Scope;
import dev.jubilee.server.database.Timestamps;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.liveops.occurrences.Occurrences;
import dev.jubilee.server.liveops.participation.AmendResult.Amended;
import dev.jubilee.server.liveops.participation.AmendResult.Reason;
import dev.jubilee.server.liveops.participation.AmendResult.Refused;
import dev.jubilee.server.liveops.rewards.Earned;
import dev.jubilee.server.liveops.rules.ProgressMetrics;
import dev.jubilee.server.liveops.rules.RewardRule;
import dev.jubilee.server.liveops.rules.RewardRule.Trigger;
import dev.jubilee.server.liveops.rules.Rules;
import dev.jubilee.server.outbox.Outbox;
import dev.jubilee.server.outbox.OutboxEvent;
import dev.jubilee.server.players.Player;
import dev.jubilee.server.players.Players;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * Sets metrics and completion of a participation by hand, by the same rules as when events do it:
 * score, completion, and the rewards for milestones and completion follow. Thread-safe; blocks.
 */
final class Amendments {
    private final Occurrences occurrences;
    private final Players players;
    private final Earnings earnings;
    private final InstantSource clock;

    Amendments(Occurrences occurrences, Players players, Earnings earnings, InstantSource clock) {
        this.occurrences = occurrences;
        this.players = players;
        this.earnings = earnings;
        this.clock = clock;
    }

    /** A player in what now runs of an event. */
    record Target(Occurrence occurrence, Player player) {}

    /** Who is meant; null when there is no such event. */
    @Nullable Target target(String eventId, String userId) {
        Occurrence occurrence = occurrences.load(eventId);
        return occurrence == null ? null : new Target(occurrence, players.get(userId));
    }

    /**
     * Sets a participation, in the caller's transaction.
     *
     * @param metrics metric → value; others stay as they are
     * @param complete whether it is completed, whatever its metrics
     */
    AmendResult amend(
            Connection connection, Target target, Map<String, Double> metrics, boolean complete)
            throws SQLException {
        Occurrence occurrence = target.occurrence();
        String userId = target.player().userId();
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        if (!isRunning(connection, occurrence.occurrenceId(), now)) {
            return new Refused(Reason.NOT_ACTIVE);
        }
        ParticipantView before =
                ParticipantReads.lock(connection, occurrence.occurrenceId(), userId);
        if (before == null || before.status().equals("cancelled")) {
            return new Refused(Reason.NOT_IN);
        }
        Effect effect = effect(occurrence, target.player(), before, metrics, complete, now);
        write(connection, before, effect, now);
        tell(connection, occurrence, before, effect, now);
        ParticipantView after =
                ParticipantReads.lock(connection, occurrence.occurrenceId(), userId);
        boolean wasCompleted = before.status().equals("completed");
        return new Amended(Objects.requireNonNull(after), wasCompleted);
    }

    /**
     * Shares the lock that whoever ends the occurrence takes: what is set before the end counts.
     */
    private static boolean isRunning(Connection connection, UUID occurrenceId, Instant now)
            throws SQLException {
        String sql =
                """
                SELECT status IN ('scheduled', 'active') AND starts_at <= ? AND (ends_at IS NULL OR ? < ends_at)
                  FROM liveops.occurrences WHERE occurrence_id = ? FOR SHARE
                """;
        OffsetDateTime at = Timestamps.utc(now);
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setObject(1, at);
            select.setObject(2, at);
            select.setObject(3, occurrenceId);
            ResultSet row = select.executeQuery();
            return row.next() && row.getBoolean(1);
        }
    }

    /** What follows from setting the metrics. */
    private record Effect(
            ObjectNode progress,
            @Nullable Double score,
            boolean scored,
            boolean completes,
            List<Earned> earned) {}

    private static Effect effect(
            Occurrence occurrence,
            Player player,
            ParticipantView before,
            Map<String, Double> set,
            boolean complete,
            Instant now) {
        Map<String, Double> metrics = ProgressMetrics.read(before.progress());
        int had = metrics.size();
        metrics.putAll(set);
        if (metrics.size() > Math.max(had, ProgressMetrics.MOST)) {
            throw Problem.invalid(
                            "progress",
                            "must leave the participation with at most "
                                    + ProgressMetrics.MOST
                                    + " metrics; with these it had "
                                    + metrics.size())
                    .asException();
        }
        Scope scope = Scope.of(player, metrics);
        Rules rules = occurrence.rules();
        Double score = set.isEmpty() ? before.score() : rules.scoreOf(scope, before.score());
        boolean active = before.status().equals("active");
        boolean completes = active && (complete || (!set.isEmpty() && rules.completes(scope)));
        List<Earned> earned = new ArrayList<>();
        for (RewardRule rule : rules.rewards()) {
            boolean reached = !set.isEmpty() && rule.isReachedBy(scope);
            if (reached || (rule.on() == Trigger.COMPLETE && completes)) {
                earned.add(new Earned(occurrence, rule, before.userId(), 1, now, null));
            }
        }
        boolean scored = score != null && !score.equals(before.score());
        return new Effect(ProgressMetrics.tree(metrics), score, scored, completes, earned);
    }

    private static void write(
            Connection connection, ParticipantView before, Effect effect, Instant now)
            throws SQLException {
        String sql =
                """
                UPDATE liveops.event_participations
                   SET progress = ?::jsonb, score = ?,
                       reached_at = CASE WHEN ? THEN ?::timestamptz ELSE reached_at END,
                       status = CASE WHEN ? THEN 'completed' ELSE status END,
                       completion_time = CASE WHEN ? THEN ?::timestamptz ELSE completion_time END
                 WHERE id = ?
                """;
        OffsetDateTime at = Timestamps.utc(now);
        try (PreparedStatement update = connection.prepareStatement(sql)) {
            update.setString(1, Json.text(effect.progress()));
            update.setObject(2, effect.score());
            update.setBoolean(3, effect.scored());
            update.setObject(4, at);
            update.setBoolean(5, effect.completes());
            update.setBoolean(6, effect.completes());
            update.setObject(7, at);
            update.setObject(8, UUID.fromString(before.participationId()));
            update.executeUpdate();
        }
    }

    private void tell(
            Connection connection,
            Occurrence occurrence,
            ParticipantView before,
            Effect effect,
            Instant now)
            throws SQLException {
        List<OutboxEvent> events = new ArrayList<>();
        if (effect.completes()) {
            Participation completed =
                    new Participation(
                            UUID.fromString(before.participationId()),
                            before.eventId(),
                            occurrence.occurrenceId(),
                            before.userId(),
                            Participation.Type.of(before.participationType()),
                            Participation.Status.COMPLETED,
                            before.joinedAt());
            events.add(ParticipationEvents.completed(completed, effect.progress(), now));
        }
        events.addAll(earnings.earn(connection, effect.earned()));
        Outbox.write(connection, now, Outbox.LIVEOPS_TOPIC, events);
    }
}
