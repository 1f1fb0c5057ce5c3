package dev.jubilee.bench;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/** Joins and claims, each by another player with a token of its own. */
final class JoinScenarios {
    private static final int CROWD = 8;
    private static final int STREAM = 2;
    private static final int PLAYERS_A_TURN = 100_000;
    private static final int FASTEST_JOINS = 32_000;
    private static final int FASTEST_CLAIMS = 25_000;
    private static final int EVENTS = 100;
    private static final int WARM_UP_ROUNDS = 4;
    private static final String REWARD = "welcome";

    private JoinScenarios() {}

    /** Everyone into the same event. */
    static Outcome one(Stand stand) {
        Outcome.Notes notes = new Outcome.Notes();
        int steadyRate = stand.rate(10_000);
        List<String> tokens = stand.tokens(most(stand.duration(), FASTEST_JOINS));
        stand.say("one transaction a join, 16 clients, the same row");
        double yardstick =
                new JoinYardstick(stand.installation(), stand.folder())
                        .joinsPerSecond(1, stand.duration());
        try (Campaign first = Campaign.start(stand, "join1", Map.of(), List.of());
                Campaign second = Campaign.start(stand, "join2", Map.of(), List.of())) {
            Wrk wrk = crowd(stand);
            warmUp(stand, wrk, tokens);
            Phases phases = new Phases(stand, notes, "join", 1);
            double rate =
                    phases.saturate(wrk, joins(stand, first, tokens), stand.duration(), 25_000);
            ratio(notes, rate, yardstick, 7);
            long acknowledged = phases.acknowledged();
            notes.finding(
                    new Finding(
                            "participants of the event",
                            acknowledged,
                            acknowledged + phases.underWay(),
                            first.participants()));
            stand.calm();
            Phases steady = new Phases(stand, notes, "join", 1);
            int count = Math.min(tokens.size(), most(stand.duration(), steadyRate) + 1_000);
            steady.steady(
                    stream(stand),
                    joins(stand, second, tokens.subList(0, count)),
                    stand.duration(),
                    steadyRate,
                    15);
            notes.finding(
                    new Finding(
                            "participants of the steady event",
                            steady.acknowledged(),
                            steady.acknowledged() + steady.underWay(),
                            second.participants()));
            phases.answers();
            steady.answers();
        }
        return notes.of("join-one: everyone into the same event, with player tokens");
    }

    /** Spread over a hundred events. */
    static Outcome hundred(Stand stand) {
        Outcome.Notes notes = new Outcome.Notes();
        List<String> tokens = stand.tokens(most(stand.duration(), FASTEST_JOINS));
        stand.say("one transaction a join, 16 clients, 100 rows");
        double yardstick =
                new JoinYardstick(stand.installation(), stand.folder())
                        .joinsPerSecond(EVENTS, stand.duration());
        List<Campaign> campaigns = new ArrayList<>();
        try {
            for (int i = 0; i < EVENTS; i++) {
                campaigns.add(Campaign.start(stand, "spread" + i, Map.of(), List.of()));
            }
            Wrk wrk = crowd(stand);
            warmUp(stand, wrk, tokens);
            Phases phases = new Phases(stand, notes, "join", 1);
            List<String> lines = new ArrayList<>(tokens.size());
            for (String token : tokens) {
                Campaign any = campaigns.get(ThreadLocalRandom.current().nextInt(EVENTS));
                lines.add(any.join() + " " + token);
            }
            Load load = once(stand, lines, "{}");
            double rate = phases.saturate(wrk, load, stand.duration(), 25_000);
            ratio(notes, rate, yardstick, 2);
            long acknowledged = phases.acknowledged();
            notes.finding(
                    new Finding(
                            "participants of all events",
                            acknowledged,
                            acknowledged + phases.underWay(),
                            campaigns.stream().mapToLong(Campaign::participants).sum()));
            phases.answers();
        } finally {
            campaigns.forEach(Campaign::close);
        }
        return notes.of("join-100: spread over 100 events, with player tokens");
    }

    /** A reward that everyone earned by joining. */
    static Outcome claim(Stand stand) {
        Outcome.Notes notes = new Outcome.Notes();
        int steadyRate = stand.rate(5_000);
        int fast = most(stand.duration(), FASTEST_CLAIMS);
        int steadily = most(stand.duration(), steadyRate) + 1_000;
        int warm = WARM_UP_ROUNDS * most(stand.warmUp(), FASTEST_CLAIMS);
        List<String> tokens = stand.tokens(fast + steadily + warm);
        List<Map<String, Object>> rewards =
                List.of(
                        Map.of(
                                "reward_id",
                                REWARD,
                                "reward_type",
                                "gold",
                                "reward_value",
                                Map.of("amount", 1),
                                "reward_condition",
                                Map.of("on", "join")));
        try (Campaign campaign = Campaign.start(stand, "claim", Map.of(), rewards)) {
            Wrk wrk = crowd(stand);
            stand.say("joining %,d players".formatted(tokens.size()));
            List<String> joined = joinAll(stand, wrk, campaign, tokens);
            int round = Math.min(warm, joined.size() / 3) / WARM_UP_ROUNDS;
            int slow = Math.min(steadily, joined.size() / 3);
            Phases phases = new Phases(stand, notes, "claim", 1);
            stand.say("warming up");
            Warmth warmth = stand.warmth();
            int done = 0;
            for (int i = 0; i < WARM_UP_ROUNDS && warmth.wantsMore(); i++, done += round) {
                List<String> players = joined.subList(done, done + round);
                phases.pile(wrk, claims(stand, campaign, players), stand.warmUp());
            }
            stand.calm();
            phases.saturate(
                    wrk,
                    claims(stand, campaign, joined.subList(done, joined.size() - slow)),
                    stand.duration(),
                    15_000);
            stand.calm();
            phases.steady(
                    stream(stand),
                    claims(stand, campaign, joined.subList(joined.size() - slow, joined.size())),
                    stand.duration(),
                    steadyRate,
                    15);
            long claimed =
                    stand.installation()
                            .count(
                                    """
                                    SELECT count(*) FROM liveops.grants
                                     WHERE event_id = ? AND status IN ('claimed', 'delivered')
                                    """,
                                    campaign.id());
            long acknowledged = phases.acknowledged();
            notes.finding(
                    new Finding(
                            "grants claimed",
                            acknowledged,
                            acknowledged + phases.underWay(),
                            claimed));
            phases.answers();
        }
        return notes.of("claim: a reward that each player claims once, with player tokens");
    }

    /** Joins them all, and returns those whose join was certainly asked for. */
    static List<String> joinAll(Stand stand, Wrk wrk, Campaign campaign, List<String> tokens) {
        int done = 0;
        while (done < tokens.size()) {
            int end = Math.min(tokens.size(), done + PLAYERS_A_TURN);
            List<String> rest = tokens.subList(done, end);
            Duration turn = Duration.ofSeconds(Math.clamp(rest.size() / 15_000, 1, 20));
            LoadResult result = wrk.saturate(joins(stand, campaign, rest), turn);
            if (result.good() == 0) {
                throw new BenchException(
                        "Nobody could join: "
                                + stand.platform()
                                        .postAs(rest.getFirst(), campaign.join(), Map.of()));
            }
            // Connections overtake each other, so those who were sent last may not be in: they are
            // asked again,
            // which harms nobody.
            done =
                    result.exhausted()
                            ? end == tokens.size() ? end : end - wrk.connections()
                            : done + (int) Math.max(1, result.good() - wrk.connections());
        }
        // The last turn hangs up on whoever is under way.
        wrk.saturate(
                joins(
                        stand,
                        campaign,
                        tokens.subList(
                                Math.max(0, tokens.size() - 4 * wrk.connections()), tokens.size())),
                Duration.ofSeconds(1));
        return tokens.subList(0, Math.max(0, tokens.size() - wrk.connections()));
    }

    /** Everyone at once. */
    static Wrk crowd(Stand stand) {
        return stand.wrk().connections(stand.wrk().connections() * CROWD);
    }

    /** Those who come one after the other, as fast as a rate says. */
    private static Wrk stream(Stand stand) {
        return stand.wrk().connections(stand.wrk().connections() * STREAM);
    }

    /**
     * As in {@link Phases#warmUp}; players take turns, as each may join only so often in a minute.
     */
    private static void warmUp(Stand stand, Wrk wrk, List<String> tokens) {
        int count = Math.min(tokens.size(), most(stand.warmUp(), FASTEST_JOINS));
        int shifts = Math.max(1, tokens.size() / count);
        stand.say("warming up");
        Warmth warmth = stand.warmth();
        for (int round = 0; warmth.wantsMore(); round++) {
            String name = "warm" + System.nanoTime() % 1_000_000;
            int from = round % shifts * count;
            try (Campaign warm = Campaign.start(stand, name, Map.of(), List.of())) {
                wrk.saturate(
                        joins(stand, warm, tokens.subList(from, from + count)), stand.warmUp());
            }
        }
        stand.calm();
    }

    private static void ratio(Outcome.Notes notes, double rate, double yardstick, double floor) {
        notes.figure(Figure.told("one transaction a join beside it", yardstick, "/s"));
        notes.figure(
                Figure.atLeast(
                        "of one transaction a join", Figure.ratio(rate, yardstick), "×", floor));
    }

    private static int most(Duration duration, int perSecond) {
        return Math.toIntExact(duration.toSeconds() * perSecond);
    }

    private static Load joins(Stand stand, Campaign campaign, List<String> tokens) {
        return once(stand, tokens, campaign.join(), "{}");
    }

    private static Load claims(Stand stand, Campaign campaign, List<String> tokens) {
        return once(stand, tokens, campaign.claim(), "{\"reward_id\":\"" + REWARD + "\"}");
    }

    private static Load once(Stand stand, List<String> tokens, String path, String body) {
        return once(stand, () -> tokens.stream().map(token -> path + " " + token).iterator(), body);
    }

    private static Load once(Stand stand, Iterable<String> lines, String body) {
        Path file = stand.lines(lines);
        return Load.once(stand.platform().liveops(), file, stand.file(body));
    }
}
