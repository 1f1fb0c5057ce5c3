package dev.jubilee.server.liveops.progress;

import dev.jubilee.server.liveops.progress.AutomaticJoins.Joined;
import dev.jubilee.server.liveops.progress.Matcher.Poisoned;
import dev.jubilee.server.liveops.rewards.Earned;
import dev.jubilee.server.liveops.rewards.Grants;
import dev.jubilee.server.liveops.rules.ProgressMetrics;
import dev.jubilee.server.outbox.Outbox;
import dev.jubilee.server.outbox.OutboxEvent;
import dev.jubilee.server.players.Player;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Applies the events of one batch in the caller's transaction: locks in the order of occurrences,
 * participations, counters, grants; reads once, lets every event count in its order in memory,
 * writes once. Thread-safe.
 */
final class ProgressBatch {
    private static final Logger log = LoggerFactory.getLogger(ProgressBatch.class);

    private final AutomaticJoins joins;
    private final Grants grants;
    private final InstantSource clock;

    /**
     * The result of a batch.
     *
     * @param counted how many events counted, once for each occurrence
     * @param poisoned records whose rules failed
     */
    record Applied(int counted, List<Poisoned> poisoned) {}

    private record Failed(Candidate candidate, Poisoned poisoned) {}

    ProgressBatch(AutomaticJoins joins, Grants grants, InstantSource clock) {
        this.joins = joins;
        this.grants = grants;
        this.clock = clock;
    }

    /**
     * @param candidates in the order of the records
     * @param players those whom rules look at, by id
     * @param cache of this consumer; null reads everything
     */
    Applied apply(
            Connection connection,
            List<Candidate> candidates,
            Map<String, Player> players,
            @Nullable StandingCache cache)
            throws SQLException {
        Joined joined = joins.join(connection, candidates, players);
        Standings standings = Standings.of(connection, candidates, players, cache);
        List<Candidate> admitted = new ArrayList<>(candidates.size());
        for (Candidate candidate : candidates) {
            Standing standing = standings.at(candidate.seat());
            if (standing != null && standing.admits(candidate)) {
                admitted.add(candidate);
            }
        }
        List<Candidate> counting = withoutRepeats(connection, admitted);
        List<Failed> failed = new ArrayList<>();
        count(standings, counting, failed);
        // Whoever has been changed by others since it was remembered is looked at again, under
        // lock.
        Set<Candidate.Seat> outdated = standings.write(connection);
        if (!outdated.isEmpty()) {
            failed.removeIf(one -> outdated.contains(one.candidate().seat()));
            standings.reread(connection, outdated);
            count(standings, of(outdated, counting), failed);
            standings.write(connection, outdated);
        }
        tell(connection, joined, standings.changed());
        if (cache != null) {
            cache.forget(outdated);
            cache.writing(standings.changed());
        }
        return new Applied(
                counting.size() - failed.size(), failed.stream().map(Failed::poisoned).toList());
    }

    private static void count(
            Standings standings, List<Candidate> candidates, List<Failed> failed) {
        for (Candidate candidate : candidates) {
            Standing standing = standings.at(candidate.seat());
            if (standing == null || !standing.admits(candidate)) {
                continue;
            }
            try {
                standing.apply(candidate);
            } catch (RuntimeException e) {
                log.warn("event {} cannot count for {}", candidate.eventId(), candidate.seat(), e);
                failed.add(
                        new Failed(
                                candidate,
                                new Poisoned(candidate.record(), "a rule failed: " + e)));
            }
        }
    }

    private static List<Candidate> of(Set<Candidate.Seat> seats, List<Candidate> candidates) {
        return candidates.stream().filter(candidate -> seats.contains(candidate.seat())).toList();
    }

    private static List<Candidate> withoutRepeats(Connection connection, List<Candidate> candidates)
            throws SQLException {
        Set<Candidate.Counted> keys = new LinkedHashSet<>();
        for (Candidate candidate : candidates) {
            Candidate.Counted key = candidate.ledgerKey();
            if (key != null) {
                keys.add(key);
            }
        }
        if (keys.isEmpty()) {
            return candidates;
        }
        Set<Candidate.Counted> fresh = new HashSet<>(Ledger.enter(connection, keys));
        List<Candidate> counting = new ArrayList<>(candidates.size());
        for (Candidate candidate : candidates) {
            Candidate.Counted key = candidate.ledgerKey();
            // Taken out as it is found, so that a repeat within the batch is one as well.
            if (key == null || fresh.remove(key)) {
                counting.add(candidate);
            }
        }
        return counting;
    }

    private void tell(Connection connection, Joined joined, List<Standing> changed)
            throws SQLException {
        List<OutboxEvent> events = new ArrayList<>(joined.events());
        List<Earned> earned = new ArrayList<>(joined.earned());
        for (Standing standing : changed) {
            earned.addAll(standing.earned());
            if (standing.completedAt() != null) {
                events.add(completed(standing));
            }
        }
        events.addAll(grants.earn(connection, earned));
        Outbox.write(connection, clock.instant(), Outbox.LIVEOPS_TOPIC, events);
    }

    private static OutboxEvent completed(Standing standing) {
        ObjectNode data =
                AutomaticJoins.described(
                        standing.occurrence(), standing.userId(), standing.participationId());
        data.set("progress", ProgressMetrics.tree(standing.progress()));
        return OutboxEvent.of(
                "liveops.participant.completed",
                standing.userId(),
                standing.completedAt() == null
                        ? standing.occurrence().startsAt()
                        : standing.completedAt(),
                data,
                standing.completedBy());
    }
}
