package dev.jubilee.server.liveops.rewards;

import dev.jubilee.events.EventId;
import dev.jubilee.server.liveops.rules.RewardRule;
import dev.jubilee.server.outbox.OutboxEvent;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Makes grants, once each: a second attempt at the same rule, occurrence, player and sequence makes
 * nothing and tells of nothing. Thread-safe.
 */
public final class Grants {
    private final EventId ids;
    private final InstantSource clock;
    private final Duration claimTimeout;

    /** One grant that is not made twice. */
    record Key(UUID occurrenceId, String userId, String rewardId, int sequence) {
        static Key of(Earned earned) {
            return new Key(
                    earned.occurrence().occurrenceId(),
                    earned.userId(),
                    earned.rule().rewardId(),
                    earned.sequence());
        }
    }

    public Grants(EventId ids, InstantSource clock, RewardSettings settings) {
        this.ids = ids;
        this.clock = clock;
        this.claimTimeout = settings.claimTimeout();
    }

    /**
     * Grants what was earned, in the caller's transaction. An automatic reward is claimed in the
     * same moment, as long as its cap allows: among several, the earlier in the list first.
     *
     * <p>The caller holds the locks on the participations concerned, and on none of the counters or
     * grants yet, and calls this at most once in a transaction.
     *
     * @return what to tell of the grants that were really made, for the caller's outbox row
     */
    public List<OutboxEvent> earn(Connection connection, List<Earned> earned) throws SQLException {
        if (earned.isEmpty()) {
            return List.of();
        }
        Map<Key, Earned> wanted = new LinkedHashMap<>();
        for (Earned one : earned) {
            wanted.putIfAbsent(Key.of(one), one);
        }
        List<Earned> automatic =
                wanted.values().stream().filter(one -> one.rule().automatic()).toList();
        RewardCounters counters = RewardCounters.lock(connection, counterKeys(automatic));
        dropWhatIsThereOrCapped(connection, wanted, automatic, counters);
        List<GrantRows.Row> rows = new ArrayList<>(wanted.size());
        Instant now = clock.instant();
        for (Earned one : wanted.values()) {
            rows.add(new GrantRows.Row(ids.next(), one, expiry(one, now)));
        }
        Set<UUID> made = GrantRows.insert(connection, rows, now, claimTimeout);
        rows.removeIf(row -> !made.contains(row.id()));
        counters.write(connection);
        GrantRows.noteClaims(connection, automaticAmong(rows));
        return told(rows);
    }

    /**
     * Lets what is unclaimed expire by the end that the occurrence has at the time of each part.
     * Not for the transaction that moves the end, which must be committed before many events have
     * been accepted.
     *
     * @param atATime grants that are written in one transaction
     */
    public Expiries byEnd(UUID occurrenceId, int atATime) {
        return new Expiries((connection, place) ->
                GrantRows.followEnd(connection, occurrenceId, claimTimeout, place, atATime));
    }

    /**
     * When a grant that is made now stops being claimable; null while nobody can say, and where
     * nobody has to claim. What was earned before the platform came to count it could not be
     * claimed until now.
     */
    private @Nullable Instant expiry(Earned earned, Instant now) {
        Instant end = earned.occurrence().endsAt();
        if (end == null || earned.rule().automatic()) {
            return null;
        }
        Instant since = now.isAfter(earned.at()) ? now : earned.at();
        return (end.isAfter(since) ? end : since).plus(claimTimeout);
    }

    /**
     * Whoever makes automatic grants holds their counters, so what is not there now is not made.
     */
    private static void dropWhatIsThereOrCapped(
            Connection connection,
            Map<Key, Earned> wanted,
            List<Earned> automatic,
            RewardCounters counters)
            throws SQLException {
        if (automatic.isEmpty()) {
            return;
        }
        Set<Key> there =
                new HashSet<>(
                        GrantRows.present(connection, automatic.stream().map(Key::of).toList()));
        for (Earned one : automatic) {
            Key key = Key.of(one);
            if (there.contains(key) || !counters.take(counterKey(one))) {
                wanted.remove(key);
            }
        }
    }

    private static Collection<RewardCounters.Key> counterKeys(List<Earned> automatic) {
        return automatic.stream().map(Grants::counterKey).toList();
    }

    private static RewardCounters.Key counterKey(Earned earned) {
        return new RewardCounters.Key(
                earned.occurrence().occurrenceId(),
                earned.occurrence().eventId(),
                earned.rule().rewardId());
    }

    private static List<GrantRows.Row> automaticAmong(List<GrantRows.Row> rows) {
        return rows.stream().filter(row -> row.earned().rule().automatic()).toList();
    }

    private static List<OutboxEvent> told(List<GrantRows.Row> rows) {
        List<OutboxEvent> events = new ArrayList<>(rows.size());
        for (GrantRows.Row row : rows) {
            events.add(event("liveops.reward.earned", row));
            if (row.earned().rule().automatic()) {
                events.add(event("liveops.reward.claimed", row));
            }
        }
        return events;
    }

    private static OutboxEvent event(String type, GrantRows.Row row) {
        Earned earned = row.earned();
        RewardRule rule = earned.rule();
        return new OutboxEvent(
                type,
                earned.userId(),
                earned.at(),
                json -> {
                    Grant.describe(
                            json,
                            earned.occurrence().eventId(),
                            earned.occurrence().occurrenceId(),
                            earned.userId(),
                            rule.rewardId(),
                            earned.sequence(),
                            rule.rewardType(),
                            rule.value(),
                            row.id());
                    json.writeBooleanProperty("automatic", rule.automatic());
                },
                earned.causationId());
    }
}
