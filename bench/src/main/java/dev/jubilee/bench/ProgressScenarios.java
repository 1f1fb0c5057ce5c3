package dev.jubilee.bench;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Bus events that count as progress, each once, the event store on. */
final class ProgressScenarios {
    private static final String PROGRESS = "progress";
    private static final int PLAYERS = 5_000;
    private static final int CONNECTIONS = 16;
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final String COUNTED =
            """
            SELECT coalesce(sum((progress ->> 'kills')::numeric), 0)
              FROM liveops.event_participations WHERE event_id = ?
            """;

    private ProgressScenarios() {}

    /** At 30,000 events a second, as they come. */
    static Outcome live(Stand stand) {
        Outcome.Notes notes = new Outcome.Notes();
        try (Campaign campaign = campaign(stand, "live");
                LagWatch lag = LagWatch.of(stand.installation(), Stand.TOPIC)) {
            Load load = kills(stand, campaign);
            Wrk wrk = stand.wrk().connections(CONNECTIONS);
            Phases phases = new Phases(stand, notes, "event", Bodies.BATCH);
            int rate = stand.rate(30_000);
            stand.say("warming up");
            Outcome.Notes unheard = new Outcome.Notes();
            Phases warm = new Phases(stand, unheard, "event", Bodies.BATCH);
            Warmth warmth = stand.warmth();
            while (warmth.wantsMore()) {
                warm.steady(wrk, load, stand.warmUp(), rate, Double.POSITIVE_INFINITY);
            }
            lag.awaitCaughtUp(PATIENCE);
            lag.reset();
            try (Meter meter = stand.meter()) {
                phases.steady(wrk, load, stand.duration(), rate, Double.POSITIVE_INFINITY);
                meter.seconds()
                        .forEach((name, seconds) ->
                                notes.figure(
                                        Figure.told(
                                                "CPU of " + name + " per event",
                                                seconds * 1e6 / Math.max(1, phases.acknowledged()),
                                                "µs")));
            }
            PublishScenarios.worst(notes, lag, Duration.ofSeconds(1));
            lag.awaitCaughtUp(PATIENCE);
            phases.answers();
            counted(
                    stand,
                    notes,
                    campaign,
                    phases.acknowledged() + warm.acknowledged(),
                    phases.underWay() + warm.underWay());
        }
        return notes.of("progress: bus events counted for players, each once, event store on");
    }

    /** As fast as a backlog goes. */
    static Outcome drain(Stand stand) {
        Outcome.Notes notes = new Outcome.Notes();
        try (Campaign campaign = campaign(stand, "drain");
                LagWatch progress =
                        LagWatch.of(stand.installation(), Stand.TOPIC, Set.of(PROGRESS));
                LagWatch store = LagWatch.of(stand.installation(), Stand.TOPIC, Set.of("store"))) {
            Load load = kills(stand, campaign);
            Wrk wrk = stand.wrk().connections(CONNECTIONS);
            Phases phases = new Phases(stand, notes, "event", Bodies.BATCH);
            phases.warmUp(wrk, load);
            progress.awaitCaughtUp(PATIENCE);
            long before = stand.installation().count(COUNTED, campaign.id());
            try (ConsumerHold hold =
                    new ConsumerHold(stand.installation(), PROGRESS, Stand.TOPIC)) {
                stand.say("building a backlog");
                LoadResult published = phases.pile(wrk, load, stand.duration());
                store.awaitCaughtUp(PATIENCE);
                notes.figure(
                        Figure.told(
                                "published while it was held",
                                published.requests() * Bodies.BATCH / published.seconds(),
                                "/s"));
                notes.finding(
                        Finding.exactly(
                                "counted before and while it was held",
                                before,
                                stand.installation().count(COUNTED, campaign.id())));
                drain(stand, notes, hold, progress);
            }
            phases.answers();
            counted(stand, notes, campaign, phases.acknowledged(), phases.underWay());
        }
        return notes.of("progress-drain: a backlog of bus events counted for players");
    }

    private static void drain(
            Stand stand, Outcome.Notes notes, ConsumerHold hold, LagWatch progress) {
        long backlog = progress.behind();
        stand.say("a backlog of %,d events drains".formatted(backlog));
        long start = System.nanoTime();
        hold.release();
        progress.awaitCaughtUp(PATIENCE);
        double seconds = (System.nanoTime() - start) / 1e9;
        notes.figure(Figure.told("behind when it went on", (double) backlog, "events"));
        notes.figure(Figure.told("time to drain it", seconds, "s"));
        notes.figure(Figure.atLeast("draining", backlog / seconds, "/s", 50_000));
    }

    private static Campaign campaign(Stand stand, String name) {
        stand.topic();
        return Campaign.start(
                stand,
                name,
                Map.of(
                        "progress",
                        List.of(Map.of("metric", "kills", "on", "game.kill", "add", "1")),
                        "score",
                        "progress.kills"),
                List.of());
    }

    /** Joins the players and says how they will fight. */
    private static Load kills(Stand stand, Campaign campaign) {
        stand.say("joining %,d players".formatted(PLAYERS));
        List<String> users = new ArrayList<>();
        for (int i = 0; i < PLAYERS; i++) {
            users.add("bench-" + stand.run() + "-fighter-" + i);
        }
        users.parallelStream()
                .forEach(user ->
                        stand.platform()
                                .post(campaign.join(), Map.of("user_id", user))
                                .expect("Joining"));
        Path lines = stand.lines(Bodies.killBatches(users, "bench"));
        return Load.bodies(
                stand.platform().bus(),
                "/events/publish/batch",
                stand.platform().adminKey(),
                lines);
    }

    private static void counted(
            Stand stand, Outcome.Notes notes, Campaign campaign, long least, long underWay) {
        notes.finding(
                new Finding(
                        "kills counted",
                        least,
                        least + underWay,
                        stand.installation().count(COUNTED, campaign.id())));
    }
}
