package dev.jubilee.server.liveops.participation;

import dev.jubilee.events.postgres.LaneListener;
import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.idempotency.Idempotency;
import dev.jubilee.server.liveops.occurrences.Occurrences;
import dev.jubilee.server.players.Players;
import java.time.InstantSource;
import java.util.List;

/** Participation, put together. Thread-safe. */
public final class ParticipationFeature implements AutoCloseable {
    private final Participations participations;
    private final PlayerEvents playerEvents;
    private final ParticipantRoutes participants;
    private final KeyedRequests keyed;

    /** What of the platform participation stands on. */
    public record Platform(
            Database database, Idempotency idempotency, Audit audit, InstantSource clock) {}

    public ParticipationFeature(
            Platform platform,
            Occurrences occurrences,
            Players players,
            Earnings earnings,
            ParticipationSettings settings,
            LaneListener listener) {
        Database database = platform.database();
        InstantSource clock = platform.clock();
        this.participations =
                new Participations(
                        database, occurrences, players, earnings, clock, settings, listener);
        this.keyed = new KeyedRequests(participations, platform.idempotency(), settings);
        this.playerEvents = new PlayerEvents(database);
        this.participants =
                new ParticipantRoutes(
                        occurrences,
                        new ParticipantReads(database),
                        new Amendments(occurrences, players, earnings, clock),
                        platform.idempotency(),
                        platform.audit(),
                        playerEvents);
    }

    /** For whoever lets players in or out from within the program. */
    public Participations participations() {
        return participations;
    }

    public List<Routes> routes() {
        return List.of(new JoinRoutes(participations, keyed), participants);
    }

    /**
     * Completes a player by hand. Blocks.
     *
     * @throws dev.jubilee.server.http.ProblemException when it is refused
     */
    public Reply complete(Call call, String eventId, String userId) {
        return participants.complete(call, eventId, userId);
    }

    /**
     * Refuses what comes from now on, and answers what was accepted before; what came with a key is
     * decided by transactions of its own, which are not waited for.
     */
    @Override
    public void close() {
        participations.close();
        playerEvents.close();
        keyed.close();
    }
}
