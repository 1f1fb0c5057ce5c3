package dev.jubilee.server.liveops.rewards;

import dev.jubilee.events.postgres.BatchWork;
import dev.jubilee.server.liveops.rewards.ClaimResult.Reason;
import dev.jubilee.server.outbox.Outbox;
import dev.jubilee.server.outbox.OutboxEvent;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Many claims in one transaction, decided in the order of their arrival under the locks of
 * participations and counters, taken in that order. Grants are written last, and only if they are
 * as they were seen: who expires or revokes one asks for no other lock.
 */
final class ClaimBatch implements BatchWork<Claim, ClaimResult> {
    private final InstantSource clock;

    ClaimBatch(InstantSource clock) {
        this.clock = clock;
    }

    @Override
    public List<ClaimResult> execute(Connection connection, List<Claim> claims)
            throws SQLException {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        Map<Integer, Grant> found = ClaimRows.find(connection, claims);
        Map<UUID, Grant> current = HashMap.newHashMap(found.size());
        found.values().forEach(grant -> current.put(grant.id(), grant));
        List<Grant> candidates =
                current.values().stream().filter(grant -> grant.claimableAt(now)).toList();
        RewardCounters counters = RewardCounters.none();
        if (!candidates.isEmpty()) {
            // Only what is read under the locks counts: another batch may have been quicker.
            ClaimRows.lock(connection, candidates).forEach(g -> current.put(g.id(), g));
            counters = RewardCounters.lock(connection, counterKeys(candidates));
        }
        List<Grant> claimed = new ArrayList<>();
        List<ClaimResult> results = new ArrayList<>(claims.size());
        List<Integer> misses = new ArrayList<>();
        for (int i = 0; i < claims.size(); i++) {
            Grant seen = found.get(i);
            if (seen == null) {
                misses.add(i);
                results.add(new ClaimResult.Refused(Reason.NOT_EARNED));
                continue;
            }
            ClaimResult result = decide(current.getOrDefault(seen.id(), seen), now, counters);
            if (result instanceof ClaimResult.Claimed(Grant grant)) {
                current.put(grant.id(), grant);
                claimed.add(grant);
            }
            results.add(result);
        }
        ClaimRows.explainMisses(connection, claims, misses, results);
        write(connection, claimed, counters, now);
        return results;
    }

    private static ClaimResult decide(Grant grant, Instant now, RewardCounters counters) {
        return switch (grant.status()) {
            case CLAIMED, DELIVERED -> new ClaimResult.AlreadyClaimed(grant);
            case EXPIRED -> new ClaimResult.Refused(Reason.EXPIRED);
            case REVOKED -> new ClaimResult.Refused(Reason.NOT_EARNED);
            case EARNED -> {
                if (!grant.claimableAt(now)) {
                    yield new ClaimResult.Refused(Reason.EXPIRED);
                }
                yield counters.take(counterKey(grant))
                        ? new ClaimResult.Claimed(grant.claimed(now))
                        : new ClaimResult.Refused(Reason.EXHAUSTED);
            }
        };
    }

    private static void write(
            Connection connection, List<Grant> claimed, RewardCounters counters, Instant now)
            throws SQLException {
        if (claimed.isEmpty()) {
            return;
        }
        counters.write(connection);
        ClaimRows.write(connection, claimed);
        List<OutboxEvent> events = new ArrayList<>(claimed.size());
        for (Grant grant : claimed) {
            Instant at = grant.claimedAt() == null ? grant.earnedAt() : grant.claimedAt();
            events.add(
                    new OutboxEvent(
                            "liveops.reward.claimed", grant.userId(), at, grant::describe, null));
        }
        Outbox.write(connection, now, Outbox.LIVEOPS_TOPIC, events);
    }

    private static List<RewardCounters.Key> counterKeys(List<Grant> grants) {
        return grants.stream().map(ClaimBatch::counterKey).toList();
    }

    private static RewardCounters.Key counterKey(Grant grant) {
        return new RewardCounters.Key(grant.occurrenceId(), grant.eventId(), grant.rewardId());
    }
}
