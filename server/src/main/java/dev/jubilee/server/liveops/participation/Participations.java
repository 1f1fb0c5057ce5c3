package dev.jubilee.server.liveops.participation;

import dev.jubilee.events.postgres.GroupCommit;
import dev.jubilee.events.postgres.LaneListener;
import dev.jubilee.events.postgres.LaneSettings;
import dev.jubilee.server.conditions.Expression.Condition;
import dev.jubilee.server.conditions.Scope;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.GatheredReads;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.liveops.occurrences.Occurrences;
import dev.jubilee.server.players.Player;
import dev.jubilee.server.players.Players;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/**
 * Lets players into occurrences and out of them, by group commit: from any number of instances no
 * capacity is exceeded, nobody is counted twice, nobody who is in is told that it is full, and the
 * requests of one player take effect in the order in which they came. An answer is given after the
 * commit. Thread-safe; join and leave never block.
 *
 * <p>The stages fail with {@link dev.jubilee.events.postgres.LaneRefusal} or {@link
 * GatheredReads.Overloaded} when nothing was done and a later try is fine. They complete on a
 * shared thread: what depends on them must be short.
 */
public final class Participations implements AutoCloseable {
    private static final int PLAYERS_A_QUERY = 500;
    private static final JoinResult NOT_ACTIVE =
            new JoinResult.Refused(JoinResult.Reason.NOT_ACTIVE);
    private static final LeaveResult ENDED = new LeaveResult.Refused(LeaveResult.Reason.ENDED);

    private final Occurrences occurrences;
    private final ParticipationBatch batch;
    private final GroupCommit<ParticipationRequest, ParticipationResult> lane;
    private final GatheredReads<String, Player> players;

    public Participations(
            Database database,
            Occurrences occurrences,
            Players players,
            Earnings earnings,
            InstantSource clock,
            ParticipationSettings settings,
            LaneListener listener) {
        this.occurrences = occurrences;
        this.players =
                new GatheredReads<>(
                        "join-requirements", PLAYERS_A_QUERY, settings.capacity(), players::getAll);
        LaneSettings laneSettings =
                LaneSettings.of("participation")
                        .withMaxBatch(settings.maxBatch())
                        .withGathering(true)
                        .withCapacity(settings.capacity())
                        .withPatience(settings.patience());
        this.batch = new ParticipationBatch(earnings, clock);
        this.lane = new GroupCommit<>(laneSettings, database.dataSource(), batch, listener);
    }

    /** Lets a player into what now runs of an event. */
    public CompletionStage<JoinResult> join(
            String eventId, String userId, Participation.Type type) {
        return withCurrent(
                eventId,
                new JoinResult.Refused(JoinResult.Reason.NO_SUCH_EVENT),
                occurrence -> {
                    Condition requirement = occurrence.rules().requirement();
                    if (!isRunning(occurrence)) {
                        return done(NOT_ACTIVE);
                    }
                    if (requirement == null) {
                        return join(occurrence, userId, type, true);
                    }
                    return players.ask(userId)
                            .thenCompose(found -> {
                                Player player = found == null ? Player.unknown(userId) : found;
                                boolean eligible = requirement.test(Scope.of(player));
                                return join(occurrence, userId, type, eligible);
                            });
                });
    }

    private CompletableFuture<JoinResult> join(
            Occurrence occurrence, String userId, Participation.Type type, boolean eligible) {
        return lane.submit(
                        occurrence.occurrenceId(),
                        new ParticipationRequest.Join(occurrence, userId, type, eligible))
                .thenApply(JoinResult.class::cast);
    }

    /** Lets a player out of what now runs of an event. */
    public CompletionStage<LeaveResult> leave(String eventId, String userId) {
        return withCurrent(
                eventId,
                new LeaveResult.Refused(LeaveResult.Reason.NO_SUCH_EVENT),
                occurrence ->
                        isRunning(occurrence)
                                ? lane.submit(
                                                occurrence.occurrenceId(),
                                                new ParticipationRequest.Leave(occurrence, userId))
                                        .thenApply(LeaveResult.class::cast)
                                : done(ENDED));
    }

    /**
     * A join for {@link #decide}. Blocks.
     *
     * @throws dev.jubilee.server.http.ProblemException when there is no such event
     */
    ParticipationRequest.Join joinOf(String eventId, String userId, Participation.Type type) {
        Occurrence occurrence = load(eventId);
        Condition requirement = occurrence.rules().requirement();
        boolean eligible = true;
        if (requirement != null) {
            Player found = players.ask(userId).toCompletableFuture().join();
            Player player = found == null ? Player.unknown(userId) : found;
            eligible = requirement.test(Scope.of(player));
        }
        return new ParticipationRequest.Join(occurrence, userId, type, eligible);
    }

    /** The same of leaving. */
    ParticipationRequest.Leave leaveOf(String eventId, String userId) {
        return new ParticipationRequest.Leave(load(eventId), userId);
    }

    /**
     * Decides one request in the caller's transaction, beside the lane. Blocks; for what is over it
     * does not: its row may be held for long, and the answer is known.
     */
    ParticipationResult decide(Connection connection, ParticipationRequest request)
            throws SQLException {
        if (!isRunning(request.occurrence())) {
            return switch (request) {
                case ParticipationRequest.Join _ -> NOT_ACTIVE;
                case ParticipationRequest.Leave _ -> ENDED;
            };
        }
        return batch.execute(connection, List.of(request)).getFirst();
    }

    private Occurrence load(String eventId) {
        Occurrence occurrence = occurrences.load(eventId);
        if (occurrence == null) {
            throw Problem.notFound("event", eventId).asException();
        }
        return occurrence;
    }

    /** How many joins and leaves wait to be written. */
    public int waiting() {
        return lane.waiting();
    }

    /** Refuses what comes from now on, and answers what was accepted before. */
    @Override
    public void close() {
        players.close();
        lane.close();
    }

    private <R> CompletionStage<R> withCurrent(
            String eventId, R missing, Function<Occurrence, CompletionStage<R>> then) {
        Occurrence known = occurrences.current(eventId);
        if (known != null) {
            return then.apply(known);
        }
        return occurrences
                .find(eventId)
                .thenCompose(found -> found.isEmpty() ? done(missing) : then.apply(found.get()));
    }

    /** Whether it makes sense to ask the lane; the locked row decides. */
    private static boolean isRunning(Occurrence occurrence) {
        return switch (occurrence.status()) {
            case SCHEDULED, ACTIVE -> true;
            case CLOSING, COMPLETED, CANCELLED -> false;
        };
    }

    private static <R> CompletableFuture<R> done(R result) {
        return CompletableFuture.completedFuture(result);
    }
}
