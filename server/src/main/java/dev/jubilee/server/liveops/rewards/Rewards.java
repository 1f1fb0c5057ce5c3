package dev.jubilee.server.liveops.rewards;

import dev.jubilee.events.EventId;
import dev.jubilee.events.postgres.LaneListener;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.scheduling.PeriodicTask;
import dev.jubilee.server.security.Access;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/** Grants, claims and their expiry, put together. Thread-safe. */
public final class Rewards implements AutoCloseable {
    private static final Duration EXPIRY = Duration.ofSeconds(1);

    private final Grants grants;
    private final Claims claims;
    private final RewardReads reads;
    private final GrantExpiry expiry;
    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("grant-expiry").daemon().factory());

    public Rewards(
            Database database,
            EventId ids,
            InstantSource clock,
            RewardSettings settings,
            LaneListener listener) {
        this.grants = new Grants(ids, clock, settings);
        this.claims = new Claims(database.dataSource(), clock, listener);
        this.reads = new RewardReads(database);
        this.expiry = new GrantExpiry(database, clock, settings.claimTimeout());
    }

    /** For whoever makes players earn something. */
    public Grants grants() {
        return grants;
    }

    public Claims claims() {
        return claims;
    }

    /**
     * Their HTTP face.
     *
     * @param readers who may see what an event has to give
     */
    public Routes routes(Access readers) {
        return new RewardRoutes(claims, reads, readers);
    }

    /** Begins to expire what nobody claims. */
    public void start() {
        PeriodicTask.named("grant expiry", this::expire).repeat(timer, EXPIRY, EXPIRY);
    }

    /**
     * Expires at once what is due.
     *
     * @return how many grants it were
     */
    public int expire() {
        return expiry.run();
    }

    @Override
    public void close() {
        timer.shutdownNow();
        claims.close();
    }
}
