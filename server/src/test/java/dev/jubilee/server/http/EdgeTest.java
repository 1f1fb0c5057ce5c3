package dev.jubilee.server.http;

import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.database.DatabaseException;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.security.Access;
import dev.jubilee.server.security.Authenticator;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import java.net.http.HttpResponse;
import java.nio.charset.Charset;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import tools.jackson.databind.JsonNode;

/** What a port answers to requests as they should be, and as they should not. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EdgeTest {
    private static final HttpLimits LIMITS = EdgeServer.LIMITS;

    private final CountDownLatch release = new CountDownLatch(1);
    private final AtomicReference<@Nullable Call> waiting = new AtomicReference<>();
    private final AtomicBoolean interrupted = new AtomicBoolean();
    private @Nullable EdgeServer started;
    private @Nullable EdgeServer brief;

    /**
     * "Bearer player:ann" is ann; known at once or after a look-up, by the letter it begins with.
     */
    private static final Authenticator BY_NAME =
            new Authenticator() {
                @Override
                public @Nullable Principal cached(String authorization) {
                    return authorization.contains("slow") ? null : authenticate(authorization);
                }

                @Override
                public @Nullable Principal authenticate(String authorization) {
                    List<String> parts = List.of(authorization.split("[ :]", -1));
                    return parts.size() != 3
                            ? null
                            : new Principal(parts.get(2), Role.of(parts.get(1)));
                }
            };

    @BeforeAll
    void start() {
        started = new EdgeServer(BY_NAME, this::routes);
        brief = new EdgeServer(BY_NAME, RateLimits.Settings.OFF, EdgeServer.BRIEF, this::routes);
    }

    @AfterAll
    void stop() {
        release.countDown();
        server().close();
        brief().close();
    }

    private EdgeServer server() {
        return java.util.Objects.requireNonNull(started);
    }

    /** One that waits for nobody for long. */
    private EdgeServer brief() {
        return java.util.Objects.requireNonNull(brief);
    }

    private void routes(Router router) {
        router.get("/things/{id}", Access.ANYONE, call -> Reply.ok(Map.of("id", call.path("id"))))
                .get("/things/{id}/parts", Access.ANYONE, call -> Reply.ok(List.of()))
                .get("/things/best", Access.ANYONE, call -> Reply.ok(Map.of("best", true)))
                .put(
                        "/things/{id}",
                        Access.SERVICE,
                        call -> Reply.ok(Map.of("put", call.path("id"))))
                .get("/search", Access.ANYONE, call -> Reply.ok(Map.of("q", "" + call.query("q"))))
                .query("q")
                .post("/echo", Access.ANYONE, call -> Reply.json(200, Json.bytes(call.json())))
                .post("/strict", Access.ANYONE, EdgeTest::strict)
                .post("/act", Access.PLAYER, EdgeTest::act)
                .get("/away", Access.ANYONE, call -> lost("08006"))
                .get("/away/fault", Access.ANYONE, call -> lost("23505"))
                .get("/breaks", Access.ANYONE, EdgeTest::breaks)
                .get("/overflows", Access.ANYONE, call -> Reply.ok(overflow(1)))
                .get(
                        "/splits",
                        Access.ANYONE,
                        call -> Reply.ok("x").with("X-Id", "a\r\nSet-Cookie: b"))
                .get("/waits", Access.ANYONE, this::await)
                .hot(Method.POST, "/hot", Access.ANYONE, EdgeTest::hot)
                .hot(Method.GET, "/hot-breaks", Access.ANYONE, EdgeTest::hotBreaks)
                .hot(Method.GET, "/hot-never", Access.ANYONE, call -> new CompletableFuture<>())
                .get("/mine", Access.PLAYER, call -> Reply.ok(call.principal().id()));
    }

    private static Reply strict(Call call) {
        Input input = call.input();
        input.text("name", 5);
        input.integer("count", 1, 10, 1);
        input.check();
        return Reply.noContent();
    }

    private static Reply act(Call call) {
        Input input = call.input();
        String named = input.optionalText("user_id", 64);
        input.check();
        return Reply.ok(Map.of("acting", call.actingPlayer(named)));
    }

    private static Reply lost(String sqlState) {
        throw new DatabaseException(new SQLException("the secret host is gone", sqlState));
    }

    private static Reply breaks(Call call) {
        throw new IllegalStateException("the secret of jdbc:postgresql://db");
    }

    private static int overflow(int depth) {
        return depth == Integer.MAX_VALUE ? 0 : overflow(depth + 1) + 1;
    }

    private Reply await(Call call) {
        waiting.set(call);
        try {
            release.await();
        } catch (InterruptedException e) {
            interrupted.set(true);
        }
        return Reply.noContent();
    }

    private static CompletableFuture<Reply> hot(Call call) {
        byte[] body = call.body();
        return CompletableFuture.supplyAsync(() -> Reply.json(200, body));
    }

    private static CompletableFuture<Reply> hotBreaks(Call call) {
        throw new StackOverflowError();
    }

    private static JsonNode json(HttpResponse<String> response) {
        return Json.tree(response.body());
    }

    private static String code(HttpResponse<String> response) {
        assertThat(response.headers().firstValue("Content-Type"))
                .hasValue("application/problem+json");
        assertThat(json(response).path("status").intValue()).isEqualTo(response.statusCode());
        return json(response).path("code").stringValue();
    }

    @Test
    void aLiteralSegmentWinsOverAParameter() throws Exception {
        assertThat(server().get("/things/best").body()).isEqualTo("{\"best\":true}");
        assertThat(server().get("/things/other").body()).isEqualTo("{\"id\":\"other\"}");
    }

    @Test
    void aLiteralThatLacksTheMethodLeavesItToTheParameter() throws Exception {
        HttpResponse<String> put =
                server().send("PUT", "/things/best", "", "Authorization", "Bearer service:s");
        assertThat(put.body()).isEqualTo("{\"put\":\"best\"}");
    }

    @Test
    void pathsAreDecodedOnceAndStrictly() throws Exception {
        assertThat(json(server().get("/things/a%2Fb%20c+d%C3%A9")).path("id").stringValue())
                .isEqualTo("a/b c+dé");
        assertThat(json(server().get("/things/%252F")).path("id").stringValue()).isEqualTo("%2F");
        try (RawConnection raw = new RawConnection(server().port())) {
            for (String wrong : List.of("%C3%28", "%00", "%", "%zz", "%ff")) {
                raw.send("GET /things/" + wrong + " HTTP/1.1\r\nHost: x\r\n\r\n");
                assertThat(raw.answer()).startsWith("HTTP/1.1 400 ").contains("malformed_request");
            }
        }
    }

    @Test
    void queriesAreDecodedStrictly() throws Exception {
        assertThat(json(server().get("/search?q=a+b%26c")).path("q").stringValue())
                .isEqualTo("a b&c");
        assertThat(code(server().get("/search?q=1&q=2"))).isEqualTo("malformed_request");
        assertThat(code(server().get("/search?q=1&z=%C3%28"))).isEqualTo("malformed_request");
        assertThat(code(server().get("/search?quest=1"))).isEqualTo("validation_failed");
        assertThat(code(server().get("/things/1?q=1"))).isEqualTo("validation_failed");
        assertThat(code(server().get("/search?q=%00"))).isEqualTo("malformed_request");
        assertThat(code(server().get("/search?q=%C3%28"))).isEqualTo("malformed_request");
    }

    @Test
    void anUnknownPathAndAnUnknownMethodAreToldApart() throws Exception {
        assertThat(code(server().get("/nothing"))).isEqualTo("no_such_route");
        HttpResponse<String> wrong = server().send("DELETE", "/things/1", "");
        assertThat(code(wrong)).isEqualTo("method_not_allowed");
        assertThat(wrong.headers().firstValue("Allow")).hasValue("GET, PUT, HEAD, OPTIONS");
    }

    @Test
    void headIsAGetWithoutItsBody() throws Exception {
        HttpResponse<String> head = server().send("HEAD", "/things/1", "");
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.body()).isEmpty();
        assertThat(head.headers().firstValue("Content-Length"))
                .hasValue(Integer.toString("{\"id\":\"1\"}".length()));
    }

    @Test
    void optionsNamesTheMethods() throws Exception {
        HttpResponse<String> options = server().send("OPTIONS", "/things/1", "");
        assertThat(options.statusCode()).isEqualTo(204);
        assertThat(options.headers().firstValue("Allow")).hasValue("GET, PUT, HEAD, OPTIONS");
    }

    @Test
    void aConnectionGoesOnAfterARefusalOfTheRoute() throws Exception {
        try (RawConnection raw = new RawConnection(server().port())) {
            raw.send("POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
            assertThat(raw.answer()).startsWith("HTTP/1.1 404 ");
            raw.send("GET /things/1 HTTP/1.1\r\nHost: x\r\n\r\n");
            assertThat(raw.answer()).startsWith("HTTP/1.1 200 ");
        }
    }

    @Test
    void pipelinedRequestsAreAnsweredInOrder() throws Exception {
        try (RawConnection raw = new RawConnection(server().port())) {
            StringBuilder all = new StringBuilder();
            for (int i = 0; i < 50; i++) {
                String body = "[" + (1000 + i) + "]";
                all.append(i % 2 == 0 ? "POST /echo" : "POST /hot")
                        .append(" HTTP/1.1\r\nHost: x\r\nContent-Length: ")
                        .append(body.length())
                        .append("\r\n\r\n")
                        .append(body);
            }
            raw.send(all.toString());
            for (int i = 0; i < 50; i++) {
                assertThat(raw.answer()).endsWith("[" + (1000 + i) + "]");
            }
        }
    }

    @Test
    void aBodyThatIsAnnouncedTooLargeIsRefusedAndTheConnectionEnds() throws Exception {
        try (RawConnection raw = new RawConnection(server().port())) {
            raw.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10001\r\n\r\n");
            assertThat(raw.answer())
                    .startsWith("HTTP/1.1 413 ")
                    .containsIgnoringCase("connection: close")
                    .contains("payload_too_large");
            assertThat(raw.isClosedByPeer()).isTrue();
        }
    }

    @Test
    void aBodyOfTheAllowedSizeIsTaken() throws Exception {
        String body = "\"" + "x".repeat(9_998) + "\"";
        assertThat(server().post("/echo", body).body()).isEqualTo(body);
    }

    @Test
    void aChunkedBodyIsCutOffAtTheLimit() throws Exception {
        try (RawConnection raw = new RawConnection(server().port())) {
            raw.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
            String chunk = "1000\r\n" + " ".repeat(4096) + "\r\n";
            raw.send(chunk).send(chunk).send(chunk);
            assertThat(raw.answer()).startsWith("HTTP/1.1 413 ");
            assertThat(raw.isClosedByPeer()).isTrue();
        }
    }

    @Test
    void aBodyThatDripsInIsRefusedInTime() throws Exception {
        try (RawConnection raw = new RawConnection(brief().port())) {
            raw.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{");
            assertThat(raw.answer()).startsWith("HTTP/1.1 408 ").contains("request_timeout");
            assertThat(raw.isClosedByPeer()).isTrue();
        }
    }

    @Test
    void aHeaderThatNeverEndsDoesNotHoldItsConnection() throws Exception {
        try (RawConnection raw = new RawConnection(brief().port())) {
            raw.send("GET /things/1 HTTP/1.1\r\nHost: x\r\nX-Slow: ");
            assertThat(raw.isClosedByPeer()).isTrue();
        }
    }

    @Test
    void aClientThatAsksFirstIsToldToGoOn() throws Exception {
        try (RawConnection raw = new RawConnection(server().port())) {
            raw.send(
                    "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
            assertThat(raw.answer()).startsWith("HTTP/1.1 100 ");
            raw.send("[]");
            assertThat(raw.answer()).endsWith("[]");
        }
    }

    @Test
    void aBodyIsNotAskedForFromWhoMayNotSendIt() throws Exception {
        try (RawConnection raw = new RawConnection(server().port())) {
            raw.send(
                    "PUT /things/1 HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
            assertThat(raw.answer())
                    .startsWith("HTTP/1.1 401 ")
                    .containsIgnoringCase("connection: close");
            assertThat(raw.isClosedByPeer()).isTrue();
        }
    }

    @Test
    void nothingFollowsWhereABodyMayFollowThatNobodyReads() throws Exception {
        String asks = "Host: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
        String chunked = "Host: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (String request :
                List.of(
                        "POST /nothing HTTP/1.1\r\n" + asks,
                        "DELETE /echo HTTP/1.1\r\n" + asks,
                        "OPTIONS /echo HTTP/1.1\r\n" + asks,
                        "POST /nothing HTTP/1.1\r\n" + chunked,
                        "PUT /things/1 HTTP/1.1\r\n" + chunked)) {
            try (RawConnection raw = new RawConnection(server().port())) {
                assertThat(raw.send(request).answer())
                        .as(request)
                        .containsIgnoringCase("connection: close");
                assertThat(raw.isClosedByPeer()).isTrue();
            }
        }
    }

    @Test
    void aConnectionGoesOnAfterCallersThatAreRefusedOrLookedUp() throws Exception {
        try (RawConnection raw = new RawConnection(server().port())) {
            String put = "PUT /things/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n";
            assertThat(raw.send(put + "\r\n{}").answer()).startsWith("HTTP/1.1 401 ");
            assertThat(raw.send(put + "Authorization: Bearer slow\r\n\r\n{}").answer())
                    .startsWith("HTTP/1.1 401 ");
            assertThat(raw.send(put + "Authorization: Bearer player:slow\r\n\r\n{}").answer())
                    .startsWith("HTTP/1.1 403 ");
            assertThat(raw.send(put + "Authorization: Bearer service:slow\r\n\r\n{}").answer())
                    .startsWith("HTTP/1.1 200 ");
            raw.send("POST /hot HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n")
                    .send("Authorization: Bearer service:slow\r\n\r\n[]");
            assertThat(raw.answer()).startsWith("HTTP/1.1 200 ").endsWith("[]");
        }
    }

    @Test
    void whatIsNoRequestIsRefusedAsAProblem() throws Exception {
        String get = "GET /things/1 HTTP/1.1\r\nHost: x\r\n";
        refuses("GET /" + "x".repeat(5_000) + " HTTP/1.1\r\n\r\n", 414, "uri_too_long");
        refuses(get + "X-Long: " + "x".repeat(9_000) + "\r\n\r\n", 431, "headers_too_large");
        refuses(get + "no colon\r\n\r\n", 400, "malformed_request");
        refuses(get + "Content-Length: two\r\n\r\n", 400, "malformed_request");
    }

    /** A proxy before us might see other requests in the same bytes. */
    @Test
    void aRequestWhoseEndOrHostIsDoubtfulIsRefused() throws Exception {
        String post = "POST /echo HTTP/1.1\r\nHost: x\r\n";
        refuses(post + "Transfer-Encoding: xchunked\r\n\r\n", 400, "malformed_request");
        refuses(post + "Transfer-Encoding: identity\r\n\r\n", 400, "malformed_request");
        refuses(
                post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n",
                400,
                "malformed_request");
        refuses(
                "POST /echo HTTP/1.0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
                400,
                "malformed_request");
        refuses("GET /things/1 HTTP/1.1\r\n\r\n", 400, "malformed_request");
        refuses("GET /things/1 HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, "malformed_request");
        try (RawConnection raw = new RawConnection(server().port())) {
            raw.send(post + "Transfer-Encoding: Chunked\r\n\r\n3\r\n[1]\r\n0\r\n\r\n");
            assertThat(raw.answer()).startsWith("HTTP/1.1 200 ").endsWith("[1]");
        }
    }

    /** As Latin-1 it would be another player than the same name in UTF-8. */
    @Test
    void bytesBeyondAsciiAreRefusedWhereTheyShouldBeEncoded() throws Exception {
        for (String where : List.of("/things/Jos\u00c3\u00a9", "/search?q=Jos\u00c3\u00a9")) {
            try (RawConnection raw = new RawConnection(server().port())) {
                raw.send("GET " + where + " HTTP/1.1\r\nHost: x\r\n\r\n");
                assertThat(raw.answer()).startsWith("HTTP/1.1 400 ");
            }
        }
    }

    private void refuses(String request, int status, String code) throws Exception {
        try (RawConnection raw = new RawConnection(server().port())) {
            String answer = raw.send(request).answer();
            assertThat(answer)
                    .matches("(?s)HTTP/1.[01] " + status + " .*")
                    .containsIgnoringCase("connection: close")
                    .containsIgnoringCase("content-type: application/problem+json");
            JsonNode body = Json.tree(answer.substring(answer.indexOf("\r\n\r\n") + 4));
            assertThat(body.path("status").intValue()).isEqualTo(status);
            assertThat(body.path("code").stringValue()).isEqualTo(code);
            assertThat(body.path("correlation_id").stringValue()).isNotEmpty();
            assertThat(raw.isClosedByPeer()).isTrue();
        }
    }

    @Test
    void jsonIsReadStrictly() throws Exception {
        assertThat(code(server().post("/echo", "{\"a\":1,\"a\":2}")))
                .isEqualTo("malformed_request");
        assertThat(code(server().post("/echo", "{\"a\":1} x"))).isEqualTo("malformed_request");
        assertThat(server().post("/echo", "{\"a\":\"\\\\u0000\"}").statusCode()).isEqualTo(200);
        assertThat(code(server().post("/echo", ""))).isEqualTo("malformed_request");
        assertThat(code(server().post("/echo", "a=b", "Content-Type", "text/plain")))
                .isEqualTo("unsupported_media_type");
    }

    @Test
    void textThatCannotBeKeptIsRefusedByItsField() throws Exception {
        assertThat(faulty("{\"a\":\"\\u0000\"}")).isEqualTo("a");
        assertThat(faulty("{\"a\":{\"b\":[1,\"\\uD83D\"]}}")).isEqualTo("a.b[1]");
        assertThat(faulty("{\"a\":{\"b\":\"\\ude00\\ud83d\"}}")).isEqualTo("a.b");
        assertThat(faulty("{\"a\":{\"x\\u0000y\":1}}")).isEqualTo("a");
        assertThat(server().post("/echo", "{\"a\":\"\\ud83d\\ude00\"}").statusCode())
                .isEqualTo(200);
    }

    private String faulty(String body) throws Exception {
        HttpResponse<String> refused = server().post("/echo", body);
        assertThat(code(refused)).isEqualTo("validation_failed");
        return Json.tree(refused.body()).path("errors").path(0).path("field").stringValue();
    }

    @Test
    void textThatIsNotUtf8IsRefused() throws Exception {
        try (RawConnection raw = new RawConnection(server().port())) {
            raw.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n");
            raw.send(new byte[] {'"', (byte) 0xC3, '(', '"'});
            assertThat(raw.answer()).startsWith("HTTP/1.1 400 ").contains("malformed_request");
        }
    }

    @Test
    void jsonInUtf16IsRefused() throws Exception {
        for (Charset charset : List.of(UTF_16, UTF_16LE, UTF_16BE)) {
            byte[] body = "{\"a\":1}".getBytes(charset);
            try (RawConnection raw = new RawConnection(server().port())) {
                raw.send(
                        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: "
                                + body.length
                                + "\r\n\r\n");
                raw.send(body);
                assertThat(raw.answer()).startsWith("HTTP/1.1 400 ").contains("malformed_request");
            }
        }
    }

    @Test
    void jsonThatIsNestedAThousandTimesIsRefused() throws Exception {
        String body = "[".repeat(1_000) + "]".repeat(1_000);
        assertThat(code(server().post("/echo", body))).isEqualTo("malformed_request");
        assertThat(server().post("/echo", "[]").statusCode()).isEqualTo(200);
    }

    @Test
    void jsonThatWouldMakeALargeTreeOfSmallThingsIsRefused() throws Exception {
        HttpLimits larger =
                new HttpLimits(
                        1 << 20,
                        LIMITS.readTimeout(),
                        LIMITS.writeTimeout(),
                        LIMITS.idleTimeout(),
                        100);
        try (EdgeServer server =
                new EdgeServer(BY_NAME, RateLimits.Settings.OFF, larger, this::routes)) {
            HttpResponse<String> refused =
                    server.post("/echo", "{\"x\":[" + "{},".repeat(100_000) + "{}]}");
            assertThat(code(refused)).isEqualTo("malformed_request");
            assertThat(refused.body())
                    .contains("is more JSON than is taken", "exceeds the maximum allowed (200000)");
        }
    }

    @Test
    void everyFaultyFieldIsNamedAtOnce() throws Exception {
        HttpResponse<String> response =
                server().post("/strict", "{\"name\":\"too long\",\"count\":\"x\",\"extra\":1}");
        assertThat(response.statusCode()).isEqualTo(422);
        assertThat(code(response)).isEqualTo("validation_failed");
        assertThat(json(response).path("errors"))
                .extracting(error -> error.path("field").stringValue())
                .containsExactlyInAnyOrder("name", "count", "extra");
        assertThat(server().post("/strict", "{\"name\":\"\\ud800\"}").statusCode()).isEqualTo(422);
    }

    @Test
    void aPlayerActsOnlyAsItself() throws Exception {
        String ann = "Bearer player:ann";
        assertThat(server().post("/act", "{}", "Authorization", ann).body()).contains("ann");
        HttpResponse<String> other =
                server().post("/act", "{\"user_id\":\"bob\"}", "Authorization", ann);
        assertThat(other.statusCode()).isEqualTo(403);
        HttpResponse<String> service =
                server().post("/act", "{\"user_id\":\"bob\"}", "Authorization", "Bearer service:s");
        assertThat(service.body()).contains("bob");
        HttpResponse<String> nobody =
                server().post("/act", "{}", "Authorization", "Bearer service:s");
        assertThat(nobody.statusCode()).isEqualTo(422);
    }

    @Test
    void credentialsAreAskedForAndChecked() throws Exception {
        HttpResponse<String> none = server().get("/mine");
        assertThat(none.statusCode()).isEqualTo(401);
        assertThat(none.headers().firstValue("WWW-Authenticate")).hasValue("Bearer");
        assertThat(server().get("/mine", "Authorization", "Bearer nonsense").statusCode())
                .isEqualTo(401);
        assertThat(server().get("/things/1", "Authorization", "Bearer slow").statusCode())
                .isEqualTo(401);
        assertThat(server().get("/mine", "Authorization", "Bearer player:slow").body())
                .isEqualTo("\"slow\"");
        assertThat(
                        server().send("PUT", "/things/1", "", "Authorization", "Bearer player:p")
                                .statusCode())
                .isEqualTo(403);
    }

    @Test
    void aDatabaseThatCannotBeAskedIsSaidToBeAway() throws Exception {
        HttpResponse<String> away = server().get("/away");
        assertThat(away.statusCode()).isEqualTo(503);
        assertThat(code(away)).isEqualTo("database_unavailable");
        assertThat(away.headers().firstValue("Retry-After")).hasValue("1");
        assertThat(away.body()).doesNotContain("secret");
        assertThat(server().get("/away/fault").statusCode()).isEqualTo(500);
    }

    @Test
    void nothingInternalLeaks() throws Exception {
        for (String path : List.of("/breaks", "/overflows", "/splits", "/hot-breaks")) {
            HttpResponse<String> response = server().get(path, "X-Correlation-Id", "c-1");
            assertThat(response.statusCode()).isEqualTo(500);
            assertThat(code(response)).isEqualTo("internal_error");
            assertThat(response.body()).contains("c-1").doesNotContain("secret", "Exception");
            assertThat(response.headers().firstValue("Set-Cookie")).isEmpty();
        }
    }

    @Test
    void aCorrelationIdThatCouldForgeALogLineIsReplaced() throws Exception {
        HttpResponse<String> response = server().get("/nothing", "X-Correlation-Id", "a b");
        assertThat(json(response).path("correlation_id").stringValue()).isNotEqualTo("a b");
    }

    @Test
    void aHotRouteThatNeverAnswersIsAnsweredForInTime() throws Exception {
        HttpResponse<String> response = brief().get("/hot-never");
        assertThat(response.statusCode()).isEqualTo(503);
        assertThat(code(response)).isEqualTo("timeout");
        assertThat(response.headers().firstValue("Retry-After")).isPresent();
    }

    @Test
    void aHandlerLearnsThatNobodyWaits() throws Exception {
        RawConnection raw = new RawConnection(server().port());
        raw.send("GET /waits HTTP/1.1\r\nHost: x\r\n\r\n");
        Await.until("the handler runs", () -> waiting.get() != null);
        Call call = java.util.Objects.requireNonNull(waiting.get());
        assertThat(call.isAbandoned()).isFalse();
        raw.close();
        Await.until("the handler is told", call::isAbandoned);
        assertThat(interrupted).isFalse();
    }
}
