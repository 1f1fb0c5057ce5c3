package dev.jubilee.server.liveops.events;

import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.idempotency.Idempotency;
import dev.jubilee.server.liveops.occurrences.EndOffsets;
import dev.jubilee.server.liveops.occurrences.Occurrences;
import dev.jubilee.server.liveops.rewards.Grants;
import dev.jubilee.server.liveops.rules.RulesReader;
import dev.jubilee.server.scheduling.PeriodicTask;
import java.time.Duration;
import java.time.InstantSource;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/** Live events, whole: their routes, their states and the clock that moves them on. */
public final class LiveEventsFeature implements Routes, AutoCloseable {
    /** The parts of the platform that live events use. */
    public record Platform(
            Database database,
            ChangeFeed feed,
            Idempotency idempotency,
            Audit audit,
            InstantSource clock) {}

    private static final Duration FOLLOW = Duration.ofSeconds(1);

    private final Database database;
    private final Cancellation cancellation;
    private final MovedEnds movedEnds;
    private final Occurrences occurrences;
    private final CachedReads cached;
    private final EventClock clock;
    private final EventRoutes routes;
    private final ScheduledExecutorService cancellationTimer =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("cancellations").daemon().factory());
    private final ScheduledExecutorService endTimer =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("moved-ends").daemon().factory());

    /**
     * @param bus tells where the bus ends when an occurrence does
     */
    public LiveEventsFeature(
            Platform platform,
            Occurrences occurrences,
            RulesReader rules,
            Grants grants,
            EndOffsets bus,
            PlayerCompletion completion,
            LiveEventSettings settings) {
        this.occurrences = occurrences;
        EventReads reads = new EventReads(platform.database);
        this.cached = new CachedReads(reads);
        this.clock =
                new EventClock(
                        platform.database,
                        occurrences,
                        bus,
                        platform.clock,
                        settings.checkInterval(),
                        cached::forget);
        this.database = platform.database;
        this.cancellation = new Cancellation(settings.rowsAtATime());
        this.movedEnds = new MovedEnds(database, grants, settings.rowsAtATime());
        this.routes =
                new EventRoutes(
                        new LiveEvents(
                                rules, cancellation, platform.audit, platform.clock, settings),
                        reads,
                        cached,
                        platform.idempotency,
                        completion,
                        settings.reads(),
                        this::committed);
        platform.feed.on(LiveEventAnnouncer.SUBJECT, cached::forget);
    }

    @Override
    public void on(Router router) {
        routes.on(router);
    }

    /** Starts the clock. Call once, after the directory of occurrences was started. */
    public void start() {
        clock.start();
        PeriodicTask.named("cancellation follow-up", this::followCancellations)
                .repeat(cancellationTimer, FOLLOW, FOLLOW);
        PeriodicTask.named("follow-up of moved ends", this::followMovedEnds)
                .repeat(endTimer, FOLLOW, FOLLOW);
    }

    /**
     * Takes out who is still in where something was called off, instead of waiting for the timer;
     * answers in how many occurrences.
     */
    int followCancellations() {
        return cancellation.follow(database);
    }

    /**
     * Lets what was earned expire by the ends that have moved, instead of waiting for the timer;
     * answers of how many occurrences all has followed.
     */
    int followMovedEnds() {
        return movedEnds.follow();
    }

    /**
     * Makes every transition that is due now, instead of waiting for the clock; answers how many.
     */
    public int tick() {
        return clock.tick();
    }

    @Override
    public void close() {
        cancellationTimer.shutdownNow();
        endTimer.shutdownNow();
        clock.close();
        cached.close();
    }

    private void committed(LiveEvents.Change change) {
        for (UUID occurrence : change.touched()) {
            occurrences.refresh(occurrence);
        }
        cached.forget(change.eventId());
        clock.wake();
    }
}
