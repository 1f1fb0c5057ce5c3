package dev.jubilee.server.liveops;

import dev.jubilee.events.EventId;
import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.conditions.Conditions;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.idempotency.Idempotency;
import dev.jubilee.server.liveops.closing.Closing;
import dev.jubilee.server.liveops.closing.ClosingSettings;
import dev.jubilee.server.liveops.events.LiveEventsFeature;
import dev.jubilee.server.liveops.leaderboards.LeaderboardRoutes;
import dev.jubilee.server.liveops.leaderboards.Leaderboards;
import dev.jubilee.server.liveops.occurrences.EndOffsets;
import dev.jubilee.server.liveops.occurrences.Occurrences;
import dev.jubilee.server.liveops.participation.ParticipationFeature;
import dev.jubilee.server.liveops.progress.EventEffects;
import dev.jubilee.server.liveops.progress.ProgressBus;
import dev.jubilee.server.liveops.progress.ProgressEngine;
import dev.jubilee.server.liveops.progress.ProgressParts;
import dev.jubilee.server.liveops.rewards.GrantRoutes;
import dev.jubilee.server.liveops.rewards.Rewards;
import dev.jubilee.server.liveops.rules.RulesReader;
import dev.jubilee.server.observability.LaneMetrics;
import dev.jubilee.server.observability.LoopMetrics;
import dev.jubilee.server.outbox.BusPublisher;
import dev.jubilee.server.outbox.OutboxRelay;
import dev.jubilee.server.players.PlayerRoutes;
import dev.jubilee.server.players.Players;
import dev.jubilee.server.security.Access;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.InstantSource;

/** Live-ops of one instance. */
public final class LiveOps implements Routes, AutoCloseable {
    /** The parts of the platform that live-ops uses. */
    public record Platform(
            Database database,
            ChangeFeed changes,
            Idempotency idempotency,
            Audit audit,
            InstantSource clock,
            MeterRegistry registry) {}

    /**
     * How live-ops reaches the bus.
     *
     * @param publisher takes what the outbox holds
     * @param ends where the bus ends, when an occurrence does
     * @param events what progress consumes
     * @param retention how long the bus keeps events
     */
    public record Bus(
            BusPublisher publisher, EndOffsets ends, ProgressBus events, Duration retention) {}

    private final Platform platform;
    private final Access reads;
    private final Players players;
    private final Occurrences occurrences;
    private final Rewards rewards;
    private final ParticipationFeature participation;
    private final ProgressEngine progress;
    private final EventEffects effects;
    private final Closing closing;
    private final LiveEventsFeature events;
    private final OutboxRelay outbox;

    public LiveOps(Platform platform, Bus bus, LiveOpsSettings settings) {
        this.platform = platform;
        this.reads = settings.events().reads();
        Database database = platform.database();
        InstantSource clock = platform.clock();
        MeterRegistry registry = platform.registry();
        EventId ids = new EventId(clock);
        RulesReader rules = new RulesReader(new Conditions(), settings.events().maxRewards());
        this.players = new Players(database, platform.changes(), clock);
        this.occurrences = new Occurrences(database, rules, platform.changes(), clock);
        this.rewards =
                new Rewards(
                        database,
                        ids,
                        clock,
                        settings.rewards(),
                        new LaneMetrics("claims", registry));
        this.participation =
                new ParticipationFeature(
                        new ParticipationFeature.Platform(
                                database, platform.idempotency(), platform.audit(), clock),
                        occurrences,
                        players,
                        rewards.grants()::earn,
                        settings.participation(),
                        new LaneMetrics("participation", registry));
        this.progress =
                new ProgressEngine(
                        new ProgressParts(
                                database, occurrences, players, rewards.grants(), ids, clock),
                        bus.events(),
                        settings.progress(),
                        new LoopMetrics(settings.progress().group(), registry));
        this.effects =
                new EventEffects(database, settings.progress().group(), clock, bus.retention());
        this.closing =
                new Closing(
                        database,
                        occurrences,
                        bus.events().topics(),
                        rewards.grants(),
                        ClosingSettings.of(settings.progress(), bus.retention()),
                        clock);
        this.events =
                new LiveEventsFeature(
                        new LiveEventsFeature.Platform(
                                database,
                                platform.changes(),
                                platform.idempotency(),
                                platform.audit(),
                                clock),
                        occurrences,
                        rules,
                        rewards.grants(),
                        bus.ends(),
                        participation::complete,
                        settings.events());
        this.outbox =
                new OutboxRelay(
                        database.dataSource(), bus.publisher(), settings.outbox(), registry);
        FunctionCounter.builder("jubilee.progress.parked.events", progress, ProgressEngine::parked)
                .description("Bus events that cannot count and were put aside")
                .register(registry);
        Gauge.builder("jubilee.progress.lag", progress, ProgressEngine::lag)
                .description("Bus events that wait to be counted, in this instance's partitions")
                .register(registry);
    }

    /** The effects of bus events on live events. */
    public EventEffects effects() {
        return effects;
    }

    /** Reads what there is and begins to work. */
    public void start() {
        occurrences.start();
        rewards.start();
        progress.start();
        closing.start();
        events.start();
        outbox.start();
    }

    @Override
    public void on(Router router) {
        events.on(router);
        participation.routes().forEach(routes -> routes.on(router));
        rewards.routes(reads).on(router);
        new GrantRoutes(platform.idempotency(), platform.audit(), platform.clock()).on(router);
        Leaderboards leaderboards = new Leaderboards(platform.database());
        occurrences.onChange(leaderboards::occurrencesChanged);
        new LeaderboardRoutes(leaderboards, reads).on(router);
        new PlayerRoutes(players, platform.idempotency()).on(router);
    }

    /** Finishes what was accepted, and ends. */
    @Override
    public void close() {
        events.close();
        participation.close();
        rewards.close();
        progress.close();
        closing.close();
        outbox.close();
        occurrences.close();
    }
}
