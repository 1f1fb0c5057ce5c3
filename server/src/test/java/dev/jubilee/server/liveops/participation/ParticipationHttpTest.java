package dev.jubilee.server.liveops.participation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.http.Edge;
import dev.jubilee.server.http.HttpLimits;
import dev.jubilee.server.http.HttpPort;
import dev.jubilee.server.http.RateLimits;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.security.Authenticator;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import dev.jubilee.server.testing.Platform;
import io.vertx.core.Vertx;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

class ParticipationHttpTest {
    @RegisterExtension static final Platform platform = new Platform();

    /** The credential is the role, or the role and the player: {@code player:ann}. */
    private static final Authenticator BY_NAME =
            new Authenticator() {
                @Override
                public @Nullable Principal cached(String authorization) {
                    String[] parts = authorization.substring("Bearer ".length()).split(":", 2);
                    return new Principal(parts[parts.length - 1], Role.of(parts[0]));
                }

                @Override
                public @Nullable Principal authenticate(String authorization) {
                    return cached(authorization);
                }
            };

    private static final String RULES =
            """
            {"settings": {"progress": [{"metric": "kills", "on": "game.kill"}],
                          "complete_when": "progress.kills >= 10", "score": "progress.kills"},
             "rewards": [
               {"reward_id": "end", "reward_type": "gold", "reward_value": {"amount": 9}},
               {"reward_id": "five", "reward_type": "gold", "reward_value": {"amount": 5},
                "reward_condition": {"on": "milestone", "when": "progress.kills >= 5"}}]}
            """;

    private static final Vertx vertx = Vertx.vertx();
    private static final HttpClient client = HttpClient.newHttpClient();
    private static Arena arena;
    private static HttpPort port;

    private record Answer(int status, JsonNode body) {
        String text(String field) {
            return body.path(field).asString("");
        }
    }

    @BeforeAll
    static void start() {
        arena = new Arena(platform, platform.clock(), Arena.PATIENT);
        port = listen(arena);
    }

    private static HttpPort listen(Arena arena) {
        Router router = new Router();
        arena.feature.routes().forEach(routes -> routes.on(router));
        router.post(
                "/events/{event_id}/complete",
                dev.jubilee.server.security.Access.PLAYER,
                call ->
                        arena.feature.complete(
                                call, call.path("event_id"), call.input().text("user_id", 64)));
        Duration time = Duration.ofSeconds(30);
        Edge edge =
                new Edge(
                        BY_NAME,
                        new RateLimits(RateLimits.Settings.OFF, System::nanoTime),
                        new HttpLimits(1 << 20, time, time, time, 1_000));
        return HttpPort.listen(vertx, "127.0.0.1", 0, router, edge, 1);
    }

    @AfterAll
    static void stop() {
        port.close();
        arena.close();
        vertx.close().await();
        client.close();
    }

    @Test
    void joiningAnswersInBothSpellingsAlike() {
        arena.open("both", 5);
        Answer first = send("player:ann", "POST", "/events/both/join", "");
        assertThat(first.status()).isEqualTo(201);
        assertThat(first.text("status")).isEqualTo("joined");
        assertThat(first.text("event_id")).isEqualTo("both");
        assertThat(first.text("user_id")).isEqualTo("ann");
        assertThat(first.text("participation_type")).isEqualTo("manual");
        assertThat(first.text("joined_at")).endsWith("Z");
        Answer again =
                send("service", "POST", "/events/both/participants", "{\"player_id\":\"ann\"}");
        assertThat(again.status()).isEqualTo(200);
        assertThat(again.body()).isEqualTo(first.body());
        Answer other =
                send(
                        "service",
                        "POST",
                        "/events/both/join",
                        """
                        {"event_id": "both", "user_id": "bob", "participation_type": "invited"}
                        """);
        assertThat(other.status()).isEqualTo(201);
        assertThat(other.text("participation_type")).isEqualTo("invited");
    }

    @Test
    void aPlayerActsOnlyAsItselfAndInputIsStrict() {
        arena.open("strict", 1);
        String join = "/events/strict/join";
        assertThat(send("player:ann", "POST", join, "{\"user_id\":\"bob\"}").status())
                .isEqualTo(403);
        assertThat(send("service", "POST", join, "{}").status()).isEqualTo(422);
        Answer wrong =
                send(
                        "service",
                        "POST",
                        join,
                        "{\"event_id\":\"other\",\"user_id\":\"a\",\"player_id\":\"b\",\"x\":1}");
        assertThat(wrong.status()).isEqualTo(422);
        assertThat(wrong.body().get("errors")).hasSize(3);
        assertThat(
                        send("player:a", "POST", join, "{\"participation_type\":\"automatic\"}")
                                .status())
                .isEqualTo(422);
        for (String id : List.of("tab\\t", " ", "")) {
            assertThat(send("service", "POST", join, "{\"user_id\":\"" + id + "\"}").status())
                    .as("'%s'", id)
                    .isEqualTo(422);
        }
        assertThat(send("service", "GET", "/events/strict/participants/%20", "").status())
                .isEqualTo(422);
        assertThat(send("player:bob", "GET", "/events/strict/participants/ann", "").status())
                .isEqualTo(403);
        assertThat(send("service", "GET", "/events/strict/participants/%00", "").status())
                .isIn(400, 422);
        assertThat(send("player:ann", "PUT", "/events/strict/participants/ann", "{}").status())
                .isEqualTo(403);
    }

    @Test
    void everyRefusalHasItsOwnCode() {
        arena.open("small", 1);
        send("player:ann", "POST", "/events/small/join", "");
        Answer full = send("player:bob", "POST", "/events/small/join", "");
        assertThat(full.status()).isEqualTo(409);
        assertThat(full.text("code")).isEqualTo("event_full");
        Answer missing = send("player:bob", "POST", "/events/no-such/join", "");
        assertThat(missing.status()).isEqualTo(404);
        assertThat(missing.text("code")).isEqualTo("event_not_found");
        var now = platform.clock().instant();
        arena.event("over", now.minusSeconds(9), now.minusSeconds(1), "active", 5, "{}");
        Answer over = send("player:bob", "POST", "/events/over/join", "");
        assertThat(over.status()).isEqualTo(409);
        assertThat(over.text("code")).isEqualTo("event_not_active");
        Answer leaving = send("player:bob", "POST", "/events/over/leave", "");
        assertThat(leaving.status()).isEqualTo(409);
        assertThat(leaving.text("code")).isEqualTo("event_ended");
        arena.open("elite", 5, "{\"requirements\":{\"when\":\"player.level > 99\"}}");
        Answer unmet = send("player:bob", "POST", "/events/elite/join", "");
        assertThat(unmet.status()).isEqualTo(422);
        assertThat(unmet.text("code")).isEqualTo("requirements_not_met");
    }

    @Test
    void participantsAreListedPageByPageAndByCursor() {
        arena.open("list", 100);
        for (int i = 0; i < 7; i++) {
            send("player:p" + i, "POST", "/events/list/join", "");
        }
        send("player:p3", "DELETE", "/events/list/participants/p3", "");
        Answer second = send("player:p0", "GET", "/events/list/participants?page=2&limit=4", "");
        assertThat(second.body().get("total").intValue()).isEqualTo(6);
        assertThat(second.body().get("page").intValue()).isEqualTo(2);
        assertThat(second.body().get("limit").intValue()).isEqualTo(4);
        assertThat(players(second)).isEqualTo("p5 p6");
        Answer first = send("player:p0", "GET", "/events/list/participants?limit=4", "");
        assertThat(players(first)).isEqualTo("p0 p1 p2 p4");
        Answer rest =
                send(
                        "player:p0",
                        "GET",
                        "/events/list/participants?limit=4&cursor=" + first.text("next_cursor"),
                        "");
        assertThat(players(rest)).isEqualTo("p5 p6");
        assertThat(rest.body().has("next_cursor")).isFalse();
        Answer left = send("admin", "GET", "/events/list/participants?status=cancelled", "");
        assertThat(players(left)).isEqualTo("p3");
        assertThat(left.body().get("total").intValue()).isEqualTo(1);
        assertThat(send("admin", "GET", "/events/list/participants?status=gone", "").status())
                .isEqualTo(422);
    }

    @Test
    void ofOthersAPlayerSeesWhatTheRankingShows() {
        arena.open("private", 5, RULES);
        send("player:ann", "POST", "/events/private/join", "");
        send("player:bob", "POST", "/events/private/join", "");
        for (String player : List.of("ann", "bob")) {
            String path = "/events/private/participants/" + player;
            send("service", "PUT", path, "{\"progress\":{\"kills\":6}}");
        }
        String list = "/events/private/participants";
        var seen = send("player:ann", "GET", list, "").body().get("participants");
        assertThat(seen.get(0).get("progress")).isEqualTo(Json.tree("{\"kills\":6}"));
        assertThat(seen.get(1))
                .isEqualTo(Json.tree("{\"user_id\":\"bob\",\"player_id\":\"bob\",\"score\":6.0}"));
        var whole = send("service", "GET", list, "").body().get("participants");
        assertThat(whole.get(1).get("progress")).isEqualTo(Json.tree("{\"kills\":6}"));
        assertThat(send("player:ann", "GET", list + "?status=active", "").status()).isEqualTo(403);
    }

    private static String players(Answer answer) {
        return String.join(
                " ",
                answer.body()
                        .get("participants")
                        .valueStream()
                        .map(p -> p.get("user_id").asString())
                        .toList());
    }

    @Test
    void leavingIsIdempotentAndShows() {
        arena.open("leave", 5);
        send("player:ann", "POST", "/events/leave/join", "");
        for (int i = 0; i < 2; i++) {
            Answer left = send("player:ann", "POST", "/events/leave/leave", "");
            assertThat(left.status()).isEqualTo(200);
            assertThat(left.body().get("success").booleanValue()).isTrue();
        }
        Answer shown = send("player:ann", "GET", "/events/leave/participants/ann", "");
        assertThat(shown.text("status")).isEqualTo("cancelled");
        assertThat(send("player:bob", "GET", "/events/leave/participants/bob", "").text("code"))
                .isEqualTo("participant_not_found");
    }

    @Test
    void progressSetByHandCountsByTheSameRules() {
        arena.open("hand", 5, RULES);
        send("player:ann", "POST", "/events/hand/join", "");
        String ann = "/events/hand/participants/ann";
        Answer six = send("service", "PUT", ann, "{\"progress\":{\"kills\":6}}");
        assertThat(six.status()).isEqualTo(200);
        assertThat(six.body().get("progress")).isEqualTo(Json.tree("{\"kills\":6}"));
        assertThat(six.body().get("score").doubleValue()).isEqualTo(6);
        assertThat(six.text("status")).isEqualTo("active");
        assertThat(earned("hand")).isEqualTo("five");
        Answer ten =
                send(
                        "service",
                        "PUT",
                        ann,
                        "{\"updates\":{\"progress\":{\"kills\":10,\"speed\":1.5}}}");
        assertThat(ten.body().get("progress")).isEqualTo(Json.tree("{\"kills\":10,\"speed\":1.5}"));
        assertThat(ten.text("status")).isEqualTo("completed");
        assertThat(ten.text("completion_time")).isNotEmpty();
        assertThat(earned("hand")).startsWith("five").contains("end");
        assertThat(
                        arena.one(
                                """
                                SELECT e -> 'data' ->> 'user_id' || ' ' || (e -> 'data' ->> 'progress')
                                  FROM platform.outbox, json_array_elements(events::json) AS e
                                 WHERE e ->> 'type' = 'liveops.participant.completed'
                                   AND e -> 'data' ->> 'event_id' = 'hand'
                                """))
                .isEqualTo("ann {\"kills\":10,\"speed\":1.5}");
        assertThat(send("service", "PUT", ann, "{}").status()).isEqualTo(422);
        StringBuilder many = new StringBuilder();
        for (int i = 0; i < 48; i++) {
            many.append(many.isEmpty() ? "" : ",").append("\"m").append(i).append("\":1");
        }
        String fits = "{\"progress\":{" + many + "}}";
        assertThat(send("service", "PUT", ann, fits).status()).isEqualTo(200);
        assertThat(send("service", "PUT", ann, "{\"progress\":{\"more\":1}}").status())
                .isEqualTo(422);
        assertThat(send("service", "PUT", ann, "{\"progress\":{\"kills\":11}}").status())
                .isEqualTo(200);
        for (String kills : new String[] {"\"x\"", "1e400", "9".repeat(400)}) {
            assertThat(
                            send("service", "PUT", ann, "{\"progress\":{\"kills\":" + kills + "}}")
                                    .status())
                    .isEqualTo(422);
        }
        assertThat(
                        send(
                                        "service",
                                        "PUT",
                                        "/events/hand/participants/bob",
                                        "{\"status\":\"completed\"}")
                                .status())
                .isEqualTo(404);
    }

    @Test
    void completingByHandEarnsOnceAndIsForServices() {
        arena.open("done", 5, RULES);
        send("player:ann", "POST", "/events/done/join", "");
        String body = "{\"user_id\":\"ann\"}";
        assertThat(send("player:ann", "POST", "/events/done/complete", body).status())
                .isEqualTo(403);
        Answer done = send("service", "POST", "/events/done/complete", body);
        assertThat(done.text("status")).isEqualTo("completed");
        Answer again = send("admin", "POST", "/events/done/complete", body);
        assertThat(again.body()).isEqualTo(done.body());
        assertThat(earned("done")).isEqualTo("end");
        assertThat(send("player:ann", "POST", "/events/done/join", "").status()).isEqualTo(200);
    }

    @Test
    void whoCompletedIsNotMadeActiveAgain() {
        arena.open("final", 5, RULES);
        send("player:ann", "POST", "/events/final/join", "");
        String ann = "/events/final/participants/ann";
        Answer active = send("service", "PUT", ann, "{\"status\":\"active\"}");
        assertThat(active.status()).isEqualTo(200);
        send("service", "PUT", ann, "{\"status\":\"completed\"}");

        Answer refused =
                send("service", "PUT", ann, "{\"status\":\"active\",\"progress\":{\"kills\":3}}");

        assertThat(refused.status()).isEqualTo(409);
        assertThat(refused.text("code")).isEqualTo("participant_completed");
        Answer after = send("service", "GET", ann, "");
        assertThat(after.text("status")).isEqualTo("completed");
        assertThat(after.body().get("progress")).isEqualTo(Json.tree("{}"));
        assertThat(
                        arena.one(
                                "SELECT count(*) FROM platform.audit_log WHERE detail ->> 'event_id' = 'final'"))
                .isEqualTo("1");
    }

    @Test
    void aStatusThatIsSetByHandIsInTheAuditLogAndMetricsAreNot() {
        arena.open("audited", 5, RULES);
        send("player:ann", "POST", "/events/audited/join", "");
        send("player:bob", "POST", "/events/audited/join", "");
        String list = "/events/audited/participants/";
        send("service", "PUT", list + "ann", "{\"progress\":{\"kills\":1}}");
        send("service", "PUT", list + "ann", "{\"status\":\"completed\"}");
        send("admin", "POST", "/events/audited/complete", "{\"user_id\":\"bob\"}");
        send("service", "PUT", list + "cyd", "{\"status\":\"completed\"}");

        assertThat(
                        arena.one(
                                """
                                SELECT string_agg(concat_ws(' ', principal, action, detail ->> 'user_id', detail ->> 'status'),
                                    ', ' ORDER BY id)
                                FROM platform.audit_log WHERE detail ->> 'event_id' = 'audited'
                                """))
                .isEqualTo(
                        "service participant.set_status ann completed,"
                                + " admin participant.set_status bob completed");
    }

    private static String earned(String eventId) {
        return String.join(
                " ",
                arena.earned.stream()
                        .filter(earned -> earned.occurrence().eventId().equals(eventId))
                        .map(earned -> earned.rule().rewardId())
                        .toList());
    }

    @Test
    void aPlayerSeesItsEventsLatestFirst() {
        for (String event : new String[] {"mine-1", "mine-2", "mine-3"}) {
            arena.open(event, 5);
            send("player:eve", "POST", "/events/" + event + "/join", "");
        }
        send("player:eve", "POST", "/events/mine-2/leave", "");
        Answer mine = send("player:eve", "GET", "/users/eve/events", "");
        assertThat(mine.status()).isEqualTo(200);
        assertThat(mine.body().get("total").intValue()).isEqualTo(2);
        assertThat(mine.body().get("page").intValue()).isEqualTo(1);
        assertThat(events(mine)).isEqualTo("mine-3 mine-1");
        JsonNode entry = mine.body().get("events").get(0);
        assertThat(entry.get("name").asString()).isEqualTo("An event");
        assertThat(entry.get("event_status").asString()).isEqualTo("active");
        assertThat(entry.get("status").asString()).isEqualTo("active");
        assertThat(entry.get("progress")).isEqualTo(Json.tree("{}"));
        Answer page = send("service", "GET", "/users/eve/events?page=2&limit=1", "");
        assertThat(events(page)).isEqualTo("mine-1");
        assertThat(page.body().get("total").intValue()).isEqualTo(2);
        assertThat(events(send("service", "GET", "/users/eve/events?limit=1", "")))
                .isEqualTo("mine-3");
        assertThat(events(send("service", "GET", "/users/eve/events?status=cancelled", "")))
                .isEqualTo("mine-2");
        assertThat(send("player:eve", "GET", "/users/ann/events", "").status()).isEqualTo(403);
        Answer none = send("player:nobody", "GET", "/users/nobody/events", "");
        assertThat(none.body().get("total").intValue()).isZero();
        assertThat(none.body().get("events")).isEmpty();
    }

    @Test
    void aLateRepetitionOfAJoinUnderItsKeyDoesNotBringThePlayerBack() {
        UUID occurrence = arena.open("keyed", 5);
        String[] key = {"Idempotency-Key", "join-1"};
        Answer joined = send("player:ann", "POST", "/events/keyed/join", "", key);
        assertThat(joined.status()).isEqualTo(201);
        send("player:ann", "POST", "/events/keyed/leave", "");

        assertThat(send("player:ann", "POST", "/events/keyed/join", "", key)).isEqualTo(joined);

        assertThat(arena.in(occurrence)).isEmpty();
        assertThat(send("player:ann", "POST", "/events/keyed/leave", "", key).text("code"))
                .isEqualTo("idempotency_key_reused");
        assertThat(send("player:bob", "POST", "/events/keyed/join", "", key).status())
                .as("a key is its caller's own")
                .isEqualTo(201);
        assertThat(arena.counter(occurrence)).isEqualTo(1);
    }

    @Test
    void aLateRepetitionOfALeaveUnderItsKeyDoesNotThrowThePlayerOut() {
        UUID occurrence = arena.open("keyed-leave", 5);
        String[] key = {"Idempotency-Key", "leave-1"};
        String leave = "/events/keyed-leave/participants/ann";
        send("player:ann", "POST", "/events/keyed-leave/join", "");
        Answer left = send("player:ann", "DELETE", leave, "", key);
        assertThat(left.status()).isEqualTo(200);
        send("player:ann", "POST", "/events/keyed-leave/join", "");

        assertThat(send("player:ann", "DELETE", leave, "", key)).isEqualTo(left);

        assertThat(arena.in(occurrence)).containsExactly("ann");
    }

    @Test
    void aRefusalUnderAKeyIsJudgedAnew() {
        arena.open("keyed-full", 1);
        send("player:bob", "POST", "/events/keyed-full/join", "");
        String[] key = {"Idempotency-Key", "full-1"};
        Answer full = send("player:ann", "POST", "/events/keyed-full/join", "", key);
        assertThat(full.text("code")).isEqualTo("event_full");
        send("player:bob", "POST", "/events/keyed-full/leave", "");
        assertThat(send("player:ann", "POST", "/events/keyed-full/join", "", key).status())
                .isEqualTo(201);
        assertThat(send("player:ann", "POST", "/events/nowhere/join", "", key).status())
                .isEqualTo(404);
    }

    @Test
    void aLateRepetitionUnderItsKeyDoesNotOverwriteLaterProgress() {
        arena.open("keyed-set", 5, RULES);
        send("player:ann", "POST", "/events/keyed-set/join", "");
        String path = "/events/keyed-set/participants/ann";
        String[] key = {"Idempotency-Key", "set-1"};
        Answer three = send("service", "PUT", path, "{\"progress\": {\"kills\": 3}}", key);
        send("service", "PUT", path, "{\"progress\": {\"kills\": 4}}");

        assertThat(send("service", "PUT", path, "{\"progress\": {\"kills\": 3}}", key))
                .isEqualTo(three);

        Answer now = send("service", "GET", path, "");
        assertThat(now.body().at("/progress/kills").intValue()).isEqualTo(4);
    }

    private static String events(Answer answer) {
        return String.join(
                " ",
                answer.body()
                        .get("events")
                        .valueStream()
                        .map(e -> e.get("event_id").asString())
                        .toList());
    }

    @Test
    void whoWaitsForACrowdedEventWithAKeyLeavesConnectionsToOthers() throws Exception {
        int queue = 2;
        try (Arena crowded =
                        new Arena(
                                platform,
                                platform.clock(),
                                new ParticipationSettings(400, queue, Duration.ofMinutes(1)));
                Connection holder = platform.connection();
                ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            HttpPort itsPort = listen(crowded);
            UUID occurrence = crowded.open("crowded", 50);
            holder.setAutoCommit(false);
            lock(holder, occurrence);
            CompletionService<Answer> answers = new ExecutorCompletionService<>(callers);
            for (int i = 0; i < 4 + queue + 1; i++) {
                String who = "player:p" + i;
                answers.submit(() ->
                        send(
                                itsPort,
                                who,
                                "POST",
                                "/events/crowded/join",
                                "",
                                "Idempotency-Key",
                                who));
            }
            Answer first = answers.take().get();
            assertThat(first.status()).isEqualTo(503);
            assertThat(first.text("code")).isEqualTo("overloaded");
            assertThat(send(itsPort, "service", "GET", "/events/crowded/participants", "").status())
                    .isEqualTo(200);
            holder.commit();
            for (int i = 0; i < 4 + queue; i++) {
                assertThat(answers.take().get().status()).isEqualTo(201);
            }
            itsPort.close();
        }
    }

    @Test
    void whoAsksWithAKeyForWhatIsOverDoesNotWaitForItsRow() throws Exception {
        Instant now = platform.clock().instant();
        UUID occurrence =
                arena.event("keyed-over", now.minusSeconds(60), now, "completed", 5, "{}");
        try (Connection holder = platform.connection()) {
            holder.setAutoCommit(false);
            lock(holder, occurrence);

            String[] key = {"Idempotency-Key", "over"};
            Answer join = send("player:ann", "POST", "/events/keyed-over/join", "", key);
            Answer leave = send("player:bob", "POST", "/events/keyed-over/leave", "", key);

            assertThat(join.text("code")).isEqualTo("event_not_active");
            assertThat(leave.text("code")).isEqualTo("event_ended");
            holder.rollback();
        }
    }

    private static void lock(Connection connection, UUID occurrence) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT 1 FROM liveops.occurrences WHERE occurrence_id = ? FOR UPDATE")) {
            select.setObject(1, occurrence);
            select.execute();
        }
    }

    private static Answer send(
            String who, String method, String path, String body, String... headers) {
        return send(port, who, method, path, body, headers);
    }

    private static Answer send(
            HttpPort port, String who, String method, String path, String body, String... headers) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port.port() + path))
                        .header("Authorization", "Bearer " + who)
                        .header("Content-Type", "application/json")
                        .method(method, HttpRequest.BodyPublishers.ofString(body));
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        try {
            HttpResponse<byte[]> response =
                    client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            return new Answer(response.statusCode(), Json.tree(response.body()));
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whoCompletesByTheMetricsThatAreSetWasActiveUntilThen() {
        arena.open("until_then", 5, RULES);
        send("player:ann", "POST", "/events/until_then/join", "");
        String ann = "/events/until_then/participants/ann";
        String set = "{\"status\":\"active\",\"progress\":{\"kills\":10}}";
        Answer completed = send("service", "PUT", ann, set);
        assertThat(completed.status()).as(completed.body().toString()).isEqualTo(200);
        assertThat(completed.text("status")).isEqualTo("completed");
        Answer undone = send("service", "PUT", ann, set);
        assertThat(undone.status()).isEqualTo(409);
        assertThat(undone.text("code")).isEqualTo("participant_completed");
    }
}
