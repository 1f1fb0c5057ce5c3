package dev.jubilee.server.liveops.closing;

import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.liveops.rewards.Earned;
import dev.jubilee.server.liveops.rewards.Grants;
import dev.jubilee.server.liveops.rules.RewardRule;
import dev.jubilee.server.outbox.Outbox;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Grants the rewards of a frozen ranking, some ranks a transaction, the best first. */
final class Payout {
    /** What the rewards told of in one transaction may take as text, unless one rank earns more. */
    private static final int MAX_BYTES = 4 << 20;

    /** What is told of a grant, besides the value of its reward. */
    private static final int BYTES_A_GRANT = 512;

    private final Grants grants;
    private final int grantsAtATime;

    private record Placed(int rank, String userId) {}

    Payout(Grants grants, int grantsAtATime) {
        this.grants = grants;
        this.grantsAtATime = grantsAtATime;
    }

    /** The last rank that earns anything; 0 when none does. */
    static int lastRank(Occurrence occurrence) {
        return byRank(occurrence).stream().mapToInt(RewardRule::top).max().orElse(0);
    }

    /**
     * Grants what the next ranks have earned. The caller holds the lock on the occurrence.
     *
     * @param paidThrough the last rank that has been paid
     * @return whether ranks remain to be paid
     */
    boolean next(Connection connection, Occurrence occurrence, int paidThrough, Instant now)
            throws SQLException {
        List<RewardRule> rules =
                byRank(occurrence).stream().filter(rule -> rule.top() > paidThrough).toList();
        int last = Math.min(lastRank(occurrence), paidThrough + ranksAtATime(rules));
        List<Placed> placed = placed(connection, occurrence, paidThrough, last);
        if (rules.stream().anyMatch(RewardRule::automatic)) {
            lockParticipations(connection, occurrence, placed);
        }
        List<Earned> earned = new ArrayList<>();
        for (Placed one : placed) {
            for (RewardRule rule : rules) {
                if (one.rank() <= rule.top()) {
                    earned.add(new Earned(occurrence, rule, one.userId(), 1, now, null));
                }
            }
        }
        Outbox.write(connection, now, Outbox.LIVEOPS_TOPIC, grants.earn(connection, earned));
        boolean more = last < lastRank(occurrence) && placed.size() == last - paidThrough;
        note(connection, occurrence, last);
        return more;
    }

    /** Bounded in what all of them earn and in its bytes: it is held in memory at once. */
    private int ranksAtATime(List<RewardRule> rules) {
        long bytes = 1;
        for (RewardRule rule : rules) {
            int told = rule.automatic() ? 2 : 1;
            bytes += told * (BYTES_A_GRANT + (long) rule.value().toString().length());
        }
        long ranks = Math.min(grantsAtATime / Math.max(1, rules.size()), MAX_BYTES / bytes);
        return Math.toIntExact(Math.max(1, ranks));
    }

    private static List<RewardRule> byRank(Occurrence occurrence) {
        return occurrence.rules().rewards().stream()
                .filter(rule -> rule.on() == RewardRule.Trigger.RANK)
                .toList();
    }

    private static List<Placed> placed(
            Connection connection, Occurrence occurrence, int after, int last) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        SELECT final_rank, user_id FROM liveops.event_participations
                         WHERE occurrence_id = ? AND final_rank > ? AND final_rank <= ? ORDER BY final_rank
                        """)) {
            statement.setObject(1, occurrence.occurrenceId());
            statement.setInt(2, after);
            statement.setInt(3, last);
            List<Placed> placed = new ArrayList<>();
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    placed.add(new Placed(row.getInt(1), row.getString(2)));
                }
            }
            return placed;
        }
    }

    private static void lockParticipations(
            Connection connection, Occurrence occurrence, List<Placed> placed) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        SELECT 1 FROM liveops.event_participations
                         WHERE occurrence_id = ? AND user_id = ANY (?)
                         ORDER BY occurrence_id, user_id FOR UPDATE
                        """)) {
            Object[] users = placed.stream().map(Placed::userId).toArray();
            statement.setObject(1, occurrence.occurrenceId());
            statement.setArray(2, connection.createArrayOf("varchar", users));
            statement.executeQuery().close();
        }
    }

    private static void note(Connection connection, Occurrence occurrence, int paidThrough)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        "UPDATE liveops.occurrences SET paid_through = ? WHERE occurrence_id = ?")) {
            statement.setInt(1, paidThrough);
            statement.setObject(2, occurrence.occurrenceId());
            statement.executeUpdate();
        }
    }
}
