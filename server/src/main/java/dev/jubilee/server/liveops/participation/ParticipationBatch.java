package dev.jubilee.server.liveops.participation;

import dev.jubilee.events.EventId;
import dev.jubilee.events.postgres.BatchWork;
import dev.jubilee.server.liveops.participation.Admission.Change;
import dev.jubilee.server.liveops.participation.Admission.Move;
import dev.jubilee.server.liveops.rewards.Earned;
import dev.jubilee.server.liveops.rules.RewardRule;
import dev.jubilee.server.outbox.Outbox;
import dev.jubilee.server.outbox.OutboxEvent;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * One transaction that lets players in and out: lock the occurrences, see on a fresh snapshot who
 * is in, decide in the order of arrival, write once. Locks occurrences, then participations, then
 * what {@link Earnings} locks.
 */
final class ParticipationBatch implements BatchWork<ParticipationRequest, ParticipationResult> {
    private final Earnings earnings;
    private final InstantSource clock;
    private final EventId ids;

    ParticipationBatch(Earnings earnings, InstantSource clock) {
        this.earnings = earnings;
        this.clock = clock;
        this.ids = new EventId(clock);
    }

    @Override
    public List<ParticipationResult> execute(
            Connection connection, List<ParticipationRequest> requests) throws SQLException {
        BatchSql sql = new BatchSql(connection);
        BatchSql.Seen seen = sql.lock(requests);
        // As the bus stamps events: what is published after this was answered counts from the join
        // on. And as PostgreSQL keeps it, so that a second answer gives the same time as the first.
        Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
        Admission admission = new Admission(seen.rooms(), seen.standing(), now, ids::next);
        List<ParticipationResult> outcomes = new ArrayList<>(requests.size());
        for (ParticipationRequest request : requests) {
            outcomes.add(admission.decide(request));
        }
        write(connection, sql, admission, now);
        return outcomes;
    }

    private void write(Connection connection, BatchSql sql, Admission admission, Instant now)
            throws SQLException {
        List<Move> moves = admission.moves();
        if (moves.isEmpty()) {
            return;
        }
        List<Change> added = new ArrayList<>();
        List<Change> changed = new ArrayList<>();
        for (Change change : admission.changes()) {
            (change.isNew() ? added : changed).add(change);
        }
        Map<UUID, Integer> deltas = admission.deltas();
        if (!added.isEmpty() || !deltas.isEmpty()) {
            sql.insert(added, deltas);
        }
        if (!changed.isEmpty()) {
            sql.update(changed);
        }
        List<OutboxEvent> events = new ArrayList<>(moves.size());
        List<Earned> earned = new ArrayList<>();
        for (Move move : moves) {
            events.add(ParticipationEvents.of(move, now));
            earnedBy(move, now, earned);
        }
        if (!earned.isEmpty()) {
            events.addAll(earnings.earn(connection, earned));
        }
        Outbox.write(connection, now, Outbox.LIVEOPS_TOPIC, events);
    }

    private static void earnedBy(Move move, Instant now, List<Earned> earned) {
        if (!(move.request() instanceof ParticipationRequest.Join join)) {
            return;
        }
        for (RewardRule rule : join.occurrence().rules().rewards()) {
            if (rule.on() == RewardRule.Trigger.JOIN) {
                earned.add(new Earned(join.occurrence(), rule, join.userId(), 1, now, null));
            }
        }
    }
}
