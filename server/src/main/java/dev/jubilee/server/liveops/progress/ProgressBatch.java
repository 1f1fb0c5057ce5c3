package dev.jubilee.server.liveops.progress;

import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.liveops.progress.AutomaticJoins.Joined;
import dev.jubilee.server.liveops.progress.Matcher.Poisoned;
import dev.jubilee.server.liveops.rewards.Earned;
import dev.jubilee.server.liveops.rewards.Grants;
import dev.jubilee.server.outbox.Outbox;
import dev.jubilee.server.outbox.OutboxEvent;
import dev.jubilee.server.players.Player;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * What the events of one batch bring about, in the caller's transaction: locks in the order of
 * occurrences, participations, counters, grants; reads once, lets every event count in its order in
 * memory, writes once. Thread-safe.
 */
final class ProgressBatch {
    private static final Logger log = LoggerFactory.getLogger(ProgressBatch.class);

    private final AutomaticJoins joins;
    private final Grants grants;

    /**
     * What came of it.
     *
     * @param counted how many events counted, once for each occurrence
     * @param poisoned records whose rules failed
     */
    record Applied(int counted, List<Poisoned> poisoned) {}

    ProgressBatch(AutomaticJoins joins, Grants grants) {
        this.joins = joins;
        this.grants = grants;
    }

    /**
     * @param hits in the order of the records
     * @param players those whom rules look at, by id
     */
    Applied apply(Connection connection, List<Hit> hits, Map<String, Player> players)
            throws SQLException {
        Joined joined = joins.join(connection, hits, players);
        Map<Hit.Seat, Standing> standings = standings(connection, hits, players);
        List<Hit> admitted = new ArrayList<>(hits.size());
        for (Hit hit : hits) {
            Standing standing = standings.get(hit.seat());
            if (standing != null && standing.admits(hit)) {
                admitted.add(hit);
            }
        }
        List<Hit> counting = withoutRepeats(connection, admitted);
        List<Poisoned> poisoned = new ArrayList<>();
        for (Hit hit : counting) {
            Standing standing = standings.get(hit.seat());
            if (standing != null) {
                count(standing, hit, poisoned);
            }
        }
        write(connection, joined, List.copyOf(standings.values()));
        return new Applied(counting.size() - poisoned.size(), poisoned);
    }

    private static Map<Hit.Seat, Standing> standings(
            Connection connection, List<Hit> hits, Map<String, Player> players)
            throws SQLException {
        Map<UUID, Occurrence> occurrences = new HashMap<>();
        Set<Hit.Seat> seats = LinkedHashSet.newLinkedHashSet(hits.size());
        for (Hit hit : hits) {
            Occurrence occurrence = hit.binding().occurrence();
            occurrences.put(occurrence.occurrenceId(), occurrence);
            seats.add(hit.seat());
        }
        Map<Hit.Seat, Standing> standings = LinkedHashMap.newLinkedHashMap(seats.size());
        StandingRows.lock(connection, seats)
                .forEach((seat, stored) -> {
                    Occurrence occurrence = occurrences.get(seat.occurrenceId());
                    if (occurrence != null) {
                        Player player = players.get(seat.userId());
                        standings.put(seat, new Standing(occurrence, stored, player));
                    }
                });
        return standings;
    }

    private static List<Hit> withoutRepeats(Connection connection, List<Hit> hits)
            throws SQLException {
        Set<Hit.Counted> keys = new LinkedHashSet<>();
        for (Hit hit : hits) {
            Hit.Counted key = hit.ledgerKey();
            if (key != null) {
                keys.add(key);
            }
        }
        if (keys.isEmpty()) {
            return hits;
        }
        Set<Hit.Counted> fresh = new HashSet<>(Ledger.enter(connection, keys));
        List<Hit> counting = new ArrayList<>(hits.size());
        for (Hit hit : hits) {
            Hit.Counted key = hit.ledgerKey();
            // Taken out as it is found, so that a repeat within the batch is one as well.
            if (key == null || fresh.remove(key)) {
                counting.add(hit);
            }
        }
        return counting;
    }

    private static void count(Standing standing, Hit hit, List<Poisoned> poisoned) {
        try {
            standing.apply(hit);
        } catch (RuntimeException e) {
            log.warn("event {} cannot count for {}", hit.eventId(), hit.seat(), e);
            poisoned.add(new Poisoned(hit.record(), "a rule failed: " + e));
        }
    }

    private void write(Connection connection, Joined joined, List<Standing> standings)
            throws SQLException {
        StandingRows.update(connection, standings.stream().filter(Standing::changed).toList());
        List<OutboxEvent> events = new ArrayList<>(joined.events());
        List<Earned> earned = new ArrayList<>(joined.earned());
        for (Standing standing : standings) {
            earned.addAll(standing.earned());
            if (standing.completedAt() != null) {
                events.add(completed(standing));
            }
        }
        events.addAll(grants.earn(connection, earned));
        Outbox.write(connection, Outbox.LIVEOPS_TOPIC, events);
    }

    private static OutboxEvent completed(Standing standing) {
        ObjectNode data =
                AutomaticJoins.described(
                        standing.occurrence(), standing.userId(), standing.participationId());
        standing.progress().forEach(data.putObject("progress")::put);
        return new OutboxEvent(
                "liveops.participant.completed",
                standing.userId(),
                standing.completedAt() == null
                        ? standing.occurrence().startsAt()
                        : standing.completedAt(),
                data,
                standing.completedBy());
    }
}
