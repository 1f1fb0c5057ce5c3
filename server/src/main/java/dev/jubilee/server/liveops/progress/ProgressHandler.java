package dev.jubilee.server.liveops.progress;

import dev.jubilee.events.kafka.Batch;
import dev.jubilee.events.kafka.BatchHandler;
import dev.jubilee.events.kafka.RetryableException;
import dev.jubilee.events.postgres.PostgresOffsets;
import dev.jubilee.server.database.DatabaseException;
import dev.jubilee.server.liveops.progress.Matcher.Found;
import dev.jubilee.server.liveops.progress.Matcher.Poisoned;
import dev.jubilee.server.players.Player;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Consumes one batch in one transaction: the position moves by compare-and-set, and everything the
 * events bring about is written with it. For one thread.
 */
final class ProgressHandler implements BatchHandler {
    private static final Logger log = LoggerFactory.getLogger(ProgressHandler.class);
    private static final int ATTEMPTS = 5;

    /** Small batches wait for one another so long, lest each event costs a transaction. */
    private static final long PACE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private static final int LARGE = 1_000;

    private final ProgressParts parts;
    private final PostgresOffsets offsets;
    private final ProgressBatch progress;
    private final RulesInForce inForce;
    private final StandingCache cache;
    private final LongAdder parked = new LongAdder();
    private long paceUntil = System.nanoTime();

    /** The outcome of one try. */
    private enum Outcome {
        COMMITTED,
        FENCED,
        /** The rules have changed since the records were matched. */
        OUTDATED,
        /** Another transaction stood in the way, by a lock or a deadlock; nothing was written. */
        COLLIDED,
        /** The database refuses what is to be written. */
        REFUSED
    }

    /**
     * A transaction that was written.
     *
     * @param transaction its id
     * @param poisoned what was put aside in it
     */
    private record Written(String transaction, List<Poisoned> poisoned) {}

    /** Rolls the transaction back. */
    private static final class Undone extends RuntimeException {
        final Outcome outcome;

        Undone(Outcome outcome) {
            super(outcome.name(), null, false, false);
            this.outcome = outcome;
        }
    }

    ProgressHandler(ProgressParts parts, PostgresOffsets offsets, StandingCache cache) {
        this.parts = parts;
        this.offsets = offsets;
        this.cache = cache;
        this.progress =
                new ProgressBatch(new AutomaticJoins(parts.ids()), parts.grants(), parts.clock());
        this.inForce = new RulesInForce(parts.occurrences());
    }

    /** How many events it has put aside. From any thread. */
    long parked() {
        return parked.sum();
    }

    @Override
    public Handled handle(Batch batch) {
        pace(batch.records().size());
        boolean oneByOne = false;
        int collisions = 0;
        while (true) {
            Found found = Matcher.match(inForce.index(), batch.records());
            Map<String, Player> players = playersOf(found.candidates());
            switch (attempt(batch, found, players, oneByOne)) {
                case COMMITTED -> {
                    return Handled.ADVANCED;
                }
                case FENCED -> {
                    return Handled.FENCED;
                }
                case OUTDATED -> inForce.refresh();
                case COLLIDED -> {
                    if (++collisions == ATTEMPTS) {
                        throw new RetryableException("progress collides with other writes", null);
                    }
                }
                case REFUSED -> oneByOne = true;
            }
        }
    }

    private Outcome attempt(
            Batch batch, Found found, Map<String, Player> players, boolean oneByOne) {
        try {
            Written written =
                    parts.database()
                            .transaction(connection ->
                                    write(connection, batch, found, players, oneByOne));
            cache.committed(written.transaction());
            noteParked(written.poisoned());
            return Outcome.COMMITTED;
        } catch (Undone e) {
            cache.clear();
            return e.outcome;
        } catch (DatabaseException e) {
            cache.clear();
            return switch (SqlErrorClass.of(e)) {
                case COLLISION -> Outcome.COLLIDED;
                case ABSENCE -> throw new RetryableException("PostgreSQL: " + e.getMessage(), e);
                case REFUSAL -> refused(e, oneByOne);
            };
        } catch (RuntimeException e) {
            cache.clear();
            return refused(e, oneByOne);
        }
    }

    /** One event after the other is the last resort: who fails then fails for good. */
    private static Outcome refused(RuntimeException cause, boolean oneByOne) {
        if (oneByOne) {
            throw cause;
        }
        log.warn("a batch of events fails as a whole; they are tried one by one", cause);
        return Outcome.REFUSED;
    }

    private void noteParked(List<Poisoned> poisoned) {
        if (!poisoned.isEmpty()) {
            parked.add(poisoned.size());
            Poisoned first = poisoned.getFirst();
            log.error(
                    "{} events cannot count and are parked; the first is {}-{}@{}: {}",
                    poisoned.size(),
                    first.record().topic(),
                    first.record().partition(),
                    first.record().offset(),
                    first.reason());
        }
    }

    private Written write(
            Connection connection,
            Batch batch,
            Found found,
            Map<String, Player> players,
            boolean oneByOne)
            throws SQLException {
        RulesInForce.State state = RulesInForce.State.begin(connection);
        if (!inForce.isAsOf(state.rules())) {
            throw new Undone(Outcome.OUTDATED);
        }
        if (!offsets.advance(connection, batch.advance())) {
            throw new Undone(Outcome.FENCED);
        }
        List<Poisoned> poisoned = new ArrayList<>(found.poisoned());
        if (!found.candidates().isEmpty()) {
            poisoned.addAll(
                    oneByOne
                            ? applyOneByOne(connection, found.candidates(), players)
                            : progress.apply(connection, found.candidates(), players, cache)
                                    .poisoned());
        }
        ParkedProgress.park(connection, batch.advance().group(), poisoned, parts.clock().instant());
        return new Written(state.transaction(), poisoned);
    }

    private List<Poisoned> applyOneByOne(
            Connection connection, List<Candidate> candidates, Map<String, Player> players)
            throws SQLException {
        List<Poisoned> poisoned = new ArrayList<>();
        for (Candidate candidate : candidates) {
            Savepoint before = connection.setSavepoint();
            try {
                poisoned.addAll(
                        progress.apply(connection, List.of(candidate), players, null).poisoned());
                connection.releaseSavepoint(before);
            } catch (SQLException e) {
                if (SqlErrorClass.of(e) != SqlErrorClass.REFUSAL) {
                    throw e;
                }
                connection.rollback(before);
                poisoned.add(
                        new Poisoned(
                                candidate.record(), "the database refuses it: " + e.getMessage()));
            } catch (RuntimeException e) {
                connection.rollback(before);
                poisoned.add(new Poisoned(candidate.record(), "it cannot be applied: " + e));
            }
        }
        return poisoned;
    }

    private Map<String, Player> playersOf(List<Candidate> candidates) {
        Set<String> wanted = new HashSet<>();
        for (Candidate candidate : candidates) {
            if (candidate.binding().needsPlayer()) {
                wanted.add(candidate.userId());
            }
        }
        return wanted.isEmpty() ? Map.of() : parts.players().getAll(wanted);
    }

    private void pace(int records) {
        long now = System.nanoTime();
        if (records < LARGE && paceUntil > now) {
            LockSupport.parkNanos(paceUntil - now);
        }
        paceUntil = System.nanoTime() + PACE_NANOS;
    }
}
