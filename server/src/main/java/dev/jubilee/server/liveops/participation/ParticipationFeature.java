package dev.jubilee.server.liveops.participation;

import dev.jubilee.events.postgres.LaneListener;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.liveops.occurrences.Occurrences;
import dev.jubilee.server.players.Players;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Participation, put together. Thread-safe. */
public final class ParticipationFeature implements AutoCloseable {
    private final Participations participations;
    private final PlayerEvents playerEvents;
    private final ParticipantRoutes participants;
    private final ExecutorService completing = Executors.newVirtualThreadPerTaskExecutor();

    public ParticipationFeature(
            Database database,
            Occurrences occurrences,
            Players players,
            Earnings earnings,
            InstantSource clock,
            ParticipationSettings settings,
            LaneListener listener) {
        this.participations =
                new Participations(
                        database, occurrences, players, earnings, clock, settings, listener);
        this.playerEvents = new PlayerEvents(database);
        this.participants =
                new ParticipantRoutes(
                        occurrences,
                        new ParticipantReads(database),
                        new Amendments(database, occurrences, players, earnings, clock),
                        playerEvents);
    }

    /** For whoever lets players in or out from within the program. */
    public Participations participations() {
        return participations;
    }

    public List<Routes> routes() {
        return List.of(new JoinRoutes(participations), participants);
    }

    /** Completes a player by hand; answers with the participation, or the refusal. */
    public CompletionStage<Reply> complete(Call call, String eventId, String userId) {
        return CompletableFuture.supplyAsync(
                () -> participants.complete(call, eventId, userId), completing);
    }

    /** Refuses what comes from now on, and answers what was accepted before. */
    @Override
    public void close() {
        participations.close();
        playerEvents.close();
        completing.shutdown();
    }
}
