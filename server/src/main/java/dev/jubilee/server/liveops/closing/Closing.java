package dev.jubilee.server.liveops.closing;

import dev.jubilee.server.database.Database;
import dev.jubilee.server.liveops.events.Transitions;
import dev.jubilee.server.liveops.occurrences.BusTopics;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.liveops.occurrences.Occurrences;
import dev.jubilee.server.liveops.progress.LedgerPurge;
import dev.jubilee.server.liveops.rewards.Expiries;
import dev.jubilee.server.liveops.rewards.Grants;
import dev.jubilee.server.scheduling.PeriodicTask;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings occurrences that have ended to their end: waits until progress has passed the captured end
 * offsets, freezes the ranking, grants the rewards by rank, completes. Each step is a transaction
 * under the occurrence's lock and says in the row that it was done, so several instances do it
 * once, and one that dies is taken over from where it stood. Thread-safe.
 */
public final class Closing implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Closing.class);
    private static final Duration LOOK = Duration.ofMillis(200);

    private final Database database;
    private final Occurrences occurrences;
    private final BusTopics topics;
    private final String group;
    private final InstantSource clock;
    private final Grants grants;
    private final int participationsAtATime;
    private final Payout payout;
    private final LedgerPurge ledger;
    private final Set<UUID> failing = ConcurrentHashMap.newKeySet();
    private final ClosingDelays delays;
    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("closing").daemon().factory());
    private final ScheduledExecutorService purger =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("ledger-purge").daemon().factory());

    /** Kafka's ids of the topics, asked for once a round, and only if it matters. */
    private static final class Ids {
        private final BusTopics topics;
        private @Nullable Map<String, UUID> known;

        Ids(BusTopics topics) {
            this.topics = topics;
        }

        /** Kafka's id of a topic; null when it has none of that name. */
        @Nullable UUID of(String topic) {
            Map<String, UUID> ids = known == null ? topics.ids() : known;
            known = ids;
            return ids.get(topic);
        }
    }

    /** How far a closing occurrence has come. */
    private record Stage(boolean frozen, int paidThrough) {}

    /** What a step found. */
    private enum Step {
        DONE,
        MORE,
        /** Another instance is at it, or has finished it. */
        NOT_OURS
    }

    /**
     * @param topics those there are: nothing is awaited from a topic that was deleted
     */
    public Closing(
            Database database,
            Occurrences occurrences,
            BusTopics topics,
            Grants grants,
            ClosingSettings settings,
            InstantSource clock) {
        this.database = database;
        this.occurrences = occurrences;
        this.topics = topics;
        this.group = settings.group();
        this.clock = clock;
        this.delays = new ClosingDelays(clock);
        this.grants = grants;
        this.participationsAtATime = settings.participationsAtATime();
        this.ledger = new LedgerPurge(database, clock, settings.ledgerRetention());
        this.payout = new Payout(grants, settings.grantsAtATime());
    }

    /** Begins to look after what has ended. */
    public void start() {
        start(Duration.ofMinutes(1));
    }

    /**
     * The same.
     *
     * @param firstPurge how long from now the ledger is purged for the first time
     */
    void start(Duration firstPurge) {
        PeriodicTask.named("occurrence closing", this::run).repeat(timer, LOOK, LOOK);
        // A large ledger takes an hour, for which no occurrence is to wait.
        PeriodicTask.named("ledger purge", ledger::run)
                .repeat(purger, firstPurge, Duration.ofMinutes(15));
    }

    /**
     * Brings every occurrence that has ended as far as it can come now. One that fails is logged
     * and holds up no other.
     *
     * @return how many were completed by this call
     */
    public int run() {
        int completed = 0;
        Ids ids = new Ids(topics);
        Set<UUID> closing = new HashSet<>();
        for (Occurrence occurrence : occurrences.open()) {
            if (occurrence.status() != Occurrence.Status.CLOSING
                    || Thread.currentThread().isInterrupted()) {
                continue;
            }
            closing.add(occurrence.occurrenceId());
            if (bringOnOrReport(occurrence, ids)) {
                completed++;
            }
        }
        delays.keep(closing);
        return completed;
    }

    private boolean bringOnOrReport(Occurrence occurrence, Ids ids) {
        try {
            boolean completed = bringOn(occurrence, ids);
            failing.remove(occurrence.occurrenceId());
            return completed;
        } catch (RuntimeException e) {
            if (failing.add(occurrence.occurrenceId())) {
                log.warn(
                        "occurrence {} of {} cannot be closed at present, trying again: {}",
                        occurrence.number(),
                        occurrence.eventId(),
                        e.toString());
            }
            return false;
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
        purger.shutdownNow();
    }

    private boolean bringOn(Occurrence occurrence, Ids ids) {
        Optional<Stage> stage =
                database.read(connection -> stage(connection, occurrence.occurrenceId(), ""));
        if (stage.isEmpty()) {
            return false;
        }
        if (!stage.get().frozen() && !hasCaughtUp(occurrence, ids)) {
            return false;
        }
        if (!(stage.get().frozen() || isDone(occurrence, freezing(occurrence)))
                || !isDone(occurrence, this::pay)
                || !isDone(occurrence, this::complete)) {
            return false;
        }
        occurrences.refresh(occurrence.occurrenceId());
        log.info("completed occurrence {} of {}", occurrence.number(), occurrence.eventId());
        return true;
    }

    private boolean hasCaughtUp(Occurrence occurrence, Ids ids) {
        Optional<List<Ahead>> ahead =
                database.read(connection -> ends(connection, occurrence.occurrenceId()));
        if (ahead.isEmpty()) {
            return false;
        }
        Set<String> waiting = new TreeSet<>();
        for (Ahead one : ahead.get()) {
            if (topics.names().contains(one.topic())
                    && !isGone(occurrence, one, ids.of(one.topic()))) {
                waiting.add(one.topic());
            }
        }
        if (!waiting.isEmpty()) {
            delays.note(occurrence, waiting);
        }
        return waiting.isEmpty();
    }

    /** Nothing more comes from a topic that was deleted, though there is one of its name again. */
    private boolean isGone(Occurrence occurrence, Ahead ahead, @Nullable UUID now) {
        boolean missing = delays.isMissing(occurrence, ahead.topic(), now != null);
        return now == null ? missing : ahead.topicId() != null && !now.equals(ahead.topicId());
    }

    /** A topic with an end that progress has not passed; captures were without ids once. */
    private record Ahead(String topic, @Nullable UUID topicId) {}

    /** What progress has still to pass; empty as long as the ends are not known. */
    private Optional<List<Ahead>> ends(Connection connection, UUID occurrenceId)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        SELECT e.topic, e.topic_id
                          FROM liveops.occurrences o
                          LEFT JOIN LATERAL jsonb_to_recordset(o.end_offsets)
                               AS e (topic text, topic_id uuid, partition integer, "offset" bigint)
                            ON e."offset" > 0 AND NOT EXISTS (
                               SELECT FROM platform.consumer_offsets c
                                WHERE c.consumer_group = ? AND c.topic = e.topic
                                  AND c.topic_id = coalesce(e.topic_id, c.topic_id)
                                  AND c.partition = e.partition AND c.next_offset >= e."offset")
                         WHERE o.occurrence_id = ? AND o.end_offsets IS NOT NULL
                        """)) {
            statement.setString(1, group);
            statement.setObject(2, occurrenceId);
            try (ResultSet row = statement.executeQuery()) {
                List<Ahead> ahead = new ArrayList<>();
                boolean known = false;
                while (row.next()) {
                    known = true;
                    if (row.getString(1) != null) {
                        ahead.add(new Ahead(row.getString(1), row.getObject(2, UUID.class)));
                    }
                }
                return known ? Optional.of(ahead) : Optional.empty();
            }
        }
    }

    private Work freezing(Occurrence of) {
        Expiries expiries = grants.byEnd(of.occurrenceId(), participationsAtATime);
        Freeze freeze = new Freeze(of, expiries, participationsAtATime);
        return (connection, occurrence, stage) ->
                !stage.frozen() && freeze.next(connection, clock.instant()) ? Step.MORE : Step.DONE;
    }

    private Step pay(Connection connection, Occurrence occurrence, Stage stage)
            throws SQLException {
        if (stage.paidThrough() >= Payout.lastRank(occurrence)) {
            return Step.DONE;
        }
        return payout.next(connection, occurrence, stage.paidThrough(), clock.instant())
                ? Step.MORE
                : Step.DONE;
    }

    private Step complete(Connection connection, Occurrence occurrence, Stage stage)
            throws SQLException {
        boolean ours = Transitions.complete(connection, occurrence.occurrenceId(), clock.instant());
        return ours ? Step.DONE : Step.NOT_OURS;
    }

    /** What is done under the lock of an occurrence. */
    @FunctionalInterface
    private interface Work {
        Step on(Connection connection, Occurrence occurrence, Stage stage) throws SQLException;
    }

    /** Does the work, step by step; false when it is not ours to do, or we are to end. */
    private boolean isDone(Occurrence occurrence, Work work) {
        Step step = Step.MORE;
        while (step == Step.MORE && !Thread.currentThread().isInterrupted()) {
            step = step(occurrence, work);
        }
        return step == Step.DONE;
    }

    private Step step(Occurrence occurrence, Work work) {
        return database.transaction(connection -> {
            Optional<Stage> stage =
                    stage(connection, occurrence.occurrenceId(), "FOR NO KEY UPDATE SKIP LOCKED");
            return stage.isPresent() ? work.on(connection, occurrence, stage.get()) : Step.NOT_OURS;
        });
    }

    private static Optional<Stage> stage(Connection connection, UUID occurrenceId, String lock)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        SELECT frozen_at IS NOT NULL, paid_through FROM liveops.occurrences
                         WHERE occurrence_id = ? AND status = 'closing' %s
                        """
                                .formatted(lock))) {
            statement.setObject(1, occurrenceId);
            try (ResultSet row = statement.executeQuery()) {
                return row.next()
                        ? Optional.of(new Stage(row.getBoolean(1), row.getInt(2)))
                        : Optional.empty();
            }
        }
    }
}
