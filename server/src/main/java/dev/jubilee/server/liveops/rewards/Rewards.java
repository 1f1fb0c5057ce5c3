package dev.jubilee.server.liveops.rewards;

import dev.jubilee.events.EventId;
import dev.jubilee.events.postgres.LaneListener;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.security.Access;
import java.time.InstantSource;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Grants, claims and their expiry, put together. Thread-safe. */
public final class Rewards implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Rewards.class);
    private static final long EXPIRY_SECONDS = 1;

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
        var _ =
                timer.scheduleWithFixedDelay(
                        this::expireQuietly, EXPIRY_SECONDS, EXPIRY_SECONDS, TimeUnit.SECONDS);
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

    private void expireQuietly() {
        try {
            expire();
        } catch (RuntimeException e) {
            log.warn("unclaimed rewards could not be expired, trying again: {}", e.getMessage());
        }
    }
}
