package dev.jubilee.bench;

import dev.jubilee.bench.client.Answer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What players and consoles ask for again and again. */
final class ReadScenarios {
    private static final int PLAYERS = 100_000;
    private static final int BATCHES = 20;
    private static final int BATCH = 1_000;

    private ReadScenarios() {}

    /** {@code GET /events?status=active}. */
    static Outcome active(Stand stand) {
        Outcome.Notes notes = new Outcome.Notes();
        try (Campaign campaign = campaign(stand, "active")) {
            String path = "/events?status=active";
            boolean listed = false;
            for (JsonNode event :
                    stand.platform().get(path).expect("Listing").body().path("events")) {
                listed |= event.path("event_id").asString("").equals(campaign.id());
            }
            notes.finding(
                    Finding.exactly("a new active event is listed (1: yes)", 1, listed ? 1 : 0));
            besideTheEcho(stand, notes, path);
        }
        return notes.of("events-active: GET /events?status=active");
    }

    /** {@code GET /events/{id}}. */
    static Outcome one(Stand stand) {
        Outcome.Notes notes = new Outcome.Notes();
        try (Campaign campaign = campaign(stand, "one")) {
            besideTheEcho(stand, notes, "/events/" + campaign.id());
        }
        return notes.of("event-get: GET /events/{id}");
    }

    private static Campaign campaign(Stand stand, String name) {
        return Campaign.start(
                stand,
                name,
                Map.of(
                        "progress",
                        List.of(Map.of("metric", "kills", "on", "game.never", "add", "1"))),
                List.of(
                        Map.of(
                                "reward_id",
                                "finisher",
                                "reward_type",
                                "gold",
                                "reward_value",
                                Map.of("amount", 100),
                                "reward_condition",
                                Map.of("on", "complete"))));
    }

    private static void besideTheEcho(Stand stand, Outcome.Notes notes, String path) {
        Path paths = stand.lines(List.of(path));
        double echo = stand.echoed(stand.wrk(), stand.echo().get(paths));
        Load load = Load.paths(stand.platform().liveops(), stand.platform().adminKey(), paths);
        Phases phases = new Phases(stand, notes, "request", 1);
        phases.warmUp(stand.wrk(), load);
        double rate = phases.saturate(stand.wrk(), load, stand.duration(), 40_000);
        notes.figure(Figure.told("the bare echo beside it", echo, "/s"));
        notes.figure(Figure.atLeast("of the bare echo", Figure.ratio(rate, echo), "×", 0.60));
        notes.figure(
                Figure.told(
                        "size of the answer",
                        stand.platform().get(path).body().toString().length(),
                        "bytes"));
        phases.steady(stand.wrk(), load, stand.duration(), stand.rate(20_000), 10);
        phases.answers();
    }

    /** {@code GET /users/{id}/events}, over a hundred thousand players. */
    static Outcome ofPlayers(Stand stand) {
        Outcome.Notes notes = new Outcome.Notes();
        List<String> tokens = stand.tokens(PLAYERS + 1_000);
        try (Campaign campaign = campaign(stand, "crowd")) {
            stand.say("joining %,d players".formatted(tokens.size()));
            Wrk crowd = JoinScenarios.crowd(stand);
            List<String> joined = JoinScenarios.joinAll(stand, crowd, campaign, tokens);
            List<String> users = new ArrayList<>(joined.stream().map(ReadScenarios::user).toList());
            Collections.shuffle(users, new java.util.Random(1));
            holds(stand, notes, campaign, users);
            Path paths = stand.lines(users.stream().map(u -> "/users/" + u + "/events").toList());
            Load load = Load.paths(stand.platform().liveops(), stand.platform().adminKey(), paths);
            plain(stand, notes, load, 15_000);
        }
        return notes.of("user-events: GET /users/{id}/events, over 100,000 players");
    }

    private static void holds(
            Stand stand, Outcome.Notes notes, Campaign campaign, List<String> users) {
        int sample = 200;
        int right = 0;
        for (String user : users.subList(0, sample)) {
            Answer answer = stand.platform().get("/users/" + user + "/events").expect("Reading");
            for (JsonNode event : answer.body().path("events")) {
                if (event.path("event_id").asString("").equals(campaign.id())) {
                    right++;
                }
            }
        }
        notes.finding(
                Finding.exactly("of 200 players, those who see that they joined", sample, right));
    }

    /** The player that a token speaks for. */
    private static String user(String token) {
        String payload = token.substring(token.indexOf('.') + 1, token.lastIndexOf('.'));
        String json = new String(Base64.getUrlDecoder().decode(payload), StandardCharsets.UTF_8);
        return JsonMapper.shared().readTree(json).path("sub").asString();
    }

    /** {@code GET /events/{id}/status} on the bus, over events that were just published. */
    static Outcome status(Stand stand) {
        stand.topic();
        Outcome.Notes notes = new Outcome.Notes();
        JsonNode event =
                JsonMapper.shared().readTree(Bodies.event("bench-" + stand.run() + "-status"));
        List<String> ids = new ArrayList<>();
        stand.say("publishing %,d events".formatted(BATCHES * BATCH));
        for (int i = 0; i < BATCHES; i++) {
            Answer answer =
                    stand.platform()
                            .busPost(
                                    "/events/publish/batch",
                                    Map.of("events", Collections.nCopies(BATCH, event)),
                                    Map.of())
                            .expect("Publishing");
            answer.body().path("results").forEach(r -> ids.add(r.path("event_id").asString()));
        }
        int completed = 0;
        for (String id : ids.subList(ids.size() - 200, ids.size())) {
            Answer answer = stand.platform().busGet("/events/" + id + "/status");
            completed += answer.text("status").equals("completed") ? 1 : 0;
        }
        notes.finding(
                Finding.exactly(
                        "of the last 200, those that are completed at once", 200, completed));
        Path paths = stand.lines(ids.stream().map(id -> "/events/" + id + "/status").toList());
        plain(
                stand,
                notes,
                Load.paths(stand.platform().bus(), stand.platform().adminKey(), paths),
                15_000);
        return notes.of("event-status: GET /events/{id}/status on the bus, over 20,000 events");
    }

    private static void plain(Stand stand, Outcome.Notes notes, Load load, double floor) {
        Phases phases = new Phases(stand, notes, "request", 1);
        phases.warmUp(stand.wrk(), load);
        phases.saturate(stand.wrk(), load, stand.duration(), floor);
        phases.steady(
                stand.wrk(), load, stand.duration(), stand.rate(5_000), Double.POSITIVE_INFINITY);
        phases.answers();
    }
}
