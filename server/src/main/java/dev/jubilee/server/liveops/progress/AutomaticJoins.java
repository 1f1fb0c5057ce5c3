package dev.jubilee.server.liveops.progress;

import dev.jubilee.events.EventId;
import dev.jubilee.events.postgres.SqlArray;
import dev.jubilee.server.conditions.Expression.Condition;
import dev.jubilee.server.conditions.Scope;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.liveops.rewards.Earned;
import dev.jubilee.server.liveops.rules.RewardRule;
import dev.jubilee.server.liveops.rules.Rules;
import dev.jubilee.server.outbox.OutboxEvent;
import dev.jubilee.server.players.Player;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * Lets players in by the first event that counts for them, where the occurrence says so and has
 * room. Takes the locks of occurrences, as every join does, before those of participations.
 */
final class AutomaticJoins {
    /** The joins of a batch: the events to publish, and the rewards earned by joining. */
    record Joined(List<OutboxEvent> events, List<Earned> earned) {
        static final Joined NOBODY = new Joined(List.of(), List.of());
    }

    private final EventId ids;

    AutomaticJoins(EventId ids) {
        this.ids = ids;
    }

    Joined join(Connection connection, List<Candidate> candidates, Map<String, Player> players)
            throws SQLException {
        Map<Candidate.Seat, Candidate> first = firstThatCount(connection, candidates, players);
        first.values().removeIf(candidate -> !meetsRequirement(candidate, players));
        if (first.isEmpty()) {
            return Joined.NOBODY;
        }
        Map<UUID, Integer> room = lockRoom(connection, occurrencesOf(first.values()));
        // Only now is it certain who is in: nobody joins without the lock just taken.
        first.keySet().removeAll(StandingRows.present(connection, first.keySet()));
        List<Candidate> admitted = new ArrayList<>();
        for (Candidate candidate : first.values()) {
            UUID occurrence = candidate.seat().occurrenceId();
            int free = room.getOrDefault(occurrence, 0);
            if (free > 0) {
                room.put(occurrence, free - 1);
                admitted.add(candidate);
            }
        }
        return write(connection, admitted);
    }

    /** The first event that would count for each who is not in. */
    private static Map<Candidate.Seat, Candidate> firstThatCount(
            Connection connection, List<Candidate> candidates, Map<String, Player> players)
            throws SQLException {
        Set<Candidate.Seat> absent = new HashSet<>();
        for (Candidate candidate : candidates) {
            if (candidate.binding().occurrence().rules().join() == Rules.Join.AUTOMATIC) {
                absent.add(candidate.seat());
            }
        }
        Map<Candidate.Seat, Candidate> first = new LinkedHashMap<>();
        if (absent.isEmpty()) {
            return first;
        }
        absent.removeAll(StandingRows.present(connection, absent));
        for (Candidate candidate : candidates) {
            Candidate.Seat seat = candidate.seat();
            if (absent.contains(seat)
                    && Standing.wouldCount(candidate, players.get(candidate.userId()))) {
                first.put(seat, candidate);
                absent.remove(seat);
            }
        }
        return first;
    }

    private static boolean meetsRequirement(Candidate candidate, Map<String, Player> players) {
        Condition requirement = candidate.binding().occurrence().rules().requirement();
        if (requirement == null) {
            return true;
        }
        Player player =
                players.getOrDefault(candidate.userId(), Player.unknown(candidate.userId()));
        try {
            return requirement.test(Scope.of(player));
        } catch (RuntimeException e) {
            return false; // one player's attributes must not fail everybody's batch
        }
    }

    private static List<UUID> occurrencesOf(Collection<Candidate> candidates) {
        return candidates.stream()
                .map(candidate -> candidate.seat().occurrenceId())
                .distinct()
                .toList();
    }

    /** Free places; none where the ranking is frozen. */
    private static Map<UUID, Integer> lockRoom(Connection connection, List<UUID> occurrences)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        SELECT occurrence_id, max_participants - current_participants,
                               status IN ('scheduled', 'active', 'closing') AND frozen_at IS NULL
                          FROM liveops.occurrences WHERE occurrence_id = ANY (?)
                         ORDER BY occurrence_id
                           FOR NO KEY UPDATE
                        """)) {
            statement.setArray(1, connection.createArrayOf("uuid", occurrences.toArray()));
            Map<UUID, Integer> room = new HashMap<>();
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    room.put(row.getObject(1, UUID.class), row.getBoolean(3) ? row.getInt(2) : 0);
                }
            }
            return room;
        }
    }

    private Joined write(Connection connection, List<Candidate> admitted) throws SQLException {
        if (admitted.isEmpty()) {
            return Joined.NOBODY;
        }
        Joined joined = new Joined(new ArrayList<>(), new ArrayList<>());
        UUID[] made = new UUID[admitted.size()];
        for (int i = 0; i < made.length; i++) {
            made[i] = ids.next();
            tell(admitted.get(i), made[i], joined);
        }
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        WITH joining AS (
                            SELECT * FROM unnest(?, ?, ?, ?, ?)
                                AS j (id, event_id, occurrence_id, user_id, joined_at)
                        ), added AS (
                            INSERT INTO liveops.event_participations
                                   (id, event_id, occurrence_id, user_id, participation_type, participation_time)
                            SELECT id, event_id, occurrence_id, user_id, 'automatic', joined_at FROM joining
                             ORDER BY occurrence_id, user_id)
                        UPDATE liveops.occurrences o
                           SET current_participants = o.current_participants + n.joined
                          FROM (SELECT occurrence_id, count(*) AS joined FROM joining GROUP BY 1) n
                         WHERE o.occurrence_id = n.occurrence_id
                        """)) {
            String[] events =
                    admitted.stream()
                            .map(candidate -> candidate.binding().occurrence().eventId())
                            .toArray(String[]::new);
            List<UUID> occurrences =
                    admitted.stream().map(candidate -> candidate.seat().occurrenceId()).toList();
            String[] users = admitted.stream().map(Candidate::userId).toArray(String[]::new);
            List<Instant> times = admitted.stream().map(Candidate::at).toList();
            statement.setObject(1, SqlArray.uuids(List.of(made)));
            statement.setArray(2, connection.createArrayOf("varchar", events));
            statement.setObject(3, SqlArray.uuids(occurrences));
            statement.setArray(4, connection.createArrayOf("varchar", users));
            statement.setObject(5, SqlArray.instants(times));
            statement.executeUpdate();
        }
        return joined;
    }

    private static void tell(Candidate candidate, UUID participationId, Joined joined) {
        Occurrence occurrence = candidate.binding().occurrence();
        ObjectNode data = described(occurrence, candidate.userId(), participationId);
        data.put("participation_type", "automatic");
        joined.events()
                .add(
                        OutboxEvent.of(
                                "liveops.participant.joined",
                                candidate.userId(),
                                candidate.at(),
                                data,
                                candidate.eventId()));
        for (RewardRule rule : occurrence.rules().rewards()) {
            if (rule.on() == RewardRule.Trigger.JOIN) {
                joined.earned()
                        .add(
                                new Earned(
                                        occurrence,
                                        rule,
                                        candidate.userId(),
                                        1,
                                        candidate.at(),
                                        candidate.eventId()));
            }
        }
    }

    /** The data of an event about a participation. */
    static ObjectNode described(
            Occurrence occurrence, String userId, @Nullable UUID participationId) {
        return Json.mapper()
                .createObjectNode()
                .put("event_id", occurrence.eventId())
                .put("occurrence_id", occurrence.occurrenceId().toString())
                .put("user_id", userId)
                .put("participation_id", String.valueOf(participationId));
    }
}
