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

    Joined join(Connection connection, List<Hit> hits, Map<String, Player> players)
            throws SQLException {
        Map<Hit.Seat, Hit> first = firstThatCount(connection, hits, players);
        first.values().removeIf(hit -> !meetsRequirement(hit, players));
        if (first.isEmpty()) {
            return Joined.NOBODY;
        }
        Map<UUID, Integer> room = lockRoom(connection, occurrencesOf(first.values()));
        // Only now is it certain who is in: nobody joins without the lock just taken.
        first.keySet().removeAll(StandingRows.present(connection, first.keySet()));
        List<Hit> admitted = new ArrayList<>();
        for (Hit hit : first.values()) {
            UUID occurrence = hit.seat().occurrenceId();
            int free = room.getOrDefault(occurrence, 0);
            if (free > 0) {
                room.put(occurrence, free - 1);
                admitted.add(hit);
            }
        }
        return write(connection, admitted);
    }

    /** The first event that would count for each who is not in. */
    private static Map<Hit.Seat, Hit> firstThatCount(
            Connection connection, List<Hit> hits, Map<String, Player> players)
            throws SQLException {
        Set<Hit.Seat> absent = new HashSet<>();
        for (Hit hit : hits) {
            if (hit.binding().occurrence().rules().join() == Rules.Join.AUTOMATIC) {
                absent.add(hit.seat());
            }
        }
        Map<Hit.Seat, Hit> first = new LinkedHashMap<>();
        if (absent.isEmpty()) {
            return first;
        }
        absent.removeAll(StandingRows.present(connection, absent));
        for (Hit hit : hits) {
            Hit.Seat seat = hit.seat();
            if (absent.contains(seat) && Standing.wouldCount(hit, players.get(hit.userId()))) {
                first.put(seat, hit);
                absent.remove(seat);
            }
        }
        return first;
    }

    private static boolean meetsRequirement(Hit hit, Map<String, Player> players) {
        Condition requirement = hit.binding().occurrence().rules().requirement();
        if (requirement == null) {
            return true;
        }
        Player player = players.getOrDefault(hit.userId(), Player.unknown(hit.userId()));
        try {
            return requirement.test(Scope.of(player));
        } catch (RuntimeException e) {
            return false; // one player's attributes must not fail everybody's batch
        }
    }

    private static List<UUID> occurrencesOf(Collection<Hit> hits) {
        return hits.stream().map(hit -> hit.seat().occurrenceId()).distinct().toList();
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

    private Joined write(Connection connection, List<Hit> admitted) throws SQLException {
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
                            .map(hit -> hit.binding().occurrence().eventId())
                            .toArray(String[]::new);
            List<UUID> occurrences =
                    admitted.stream().map(hit -> hit.seat().occurrenceId()).toList();
            String[] users = admitted.stream().map(Hit::userId).toArray(String[]::new);
            List<Instant> times = admitted.stream().map(Hit::at).toList();
            statement.setObject(1, SqlArray.uuids(List.of(made)));
            statement.setArray(2, connection.createArrayOf("varchar", events));
            statement.setObject(3, SqlArray.uuids(occurrences));
            statement.setArray(4, connection.createArrayOf("varchar", users));
            statement.setObject(5, SqlArray.instants(times));
            statement.executeUpdate();
        }
        return joined;
    }

    private static void tell(Hit hit, UUID participationId, Joined joined) {
        Occurrence occurrence = hit.binding().occurrence();
        ObjectNode data = described(occurrence, hit.userId(), participationId);
        data.put("participation_type", "automatic");
        joined.events()
                .add(
                        OutboxEvent.of(
                                "liveops.participant.joined",
                                hit.userId(),
                                hit.at(),
                                data,
                                hit.eventId()));
        for (RewardRule rule : occurrence.rules().rewards()) {
            if (rule.on() == RewardRule.Trigger.JOIN) {
                joined.earned()
                        .add(
                                new Earned(
                                        occurrence,
                                        rule,
                                        hit.userId(),
                                        1,
                                        hit.at(),
                                        hit.eventId()));
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
