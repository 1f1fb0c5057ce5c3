package dev.jubilee.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.config.SettingsReader;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.security.Role;
import dev.jubilee.server.testing.Contract;
import dev.jubilee.server.testing.ContractClient;
import dev.jubilee.server.testing.ContractClient.Answer;
import dev.jubilee.server.testing.Platform;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The program whole, held to the documents that it serves. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ContractTest {
    @RegisterExtension static final Platform platform = new Platform();

    /** What whoever scrapes counts on: names, and the labels of each. */
    private static final Map<String, List<String>> METRICS =
            Map.of(
                    "event_bus_events_published_total", List.of("topic", "event_type", "status"),
                    "event_bus_events_consumed_total", List.of("topic", "event_type", "status"),
                    "event_bus_event_processing_duration_seconds",
                            List.of("operation", "event_type", "quantile"),
                    "event_bus_kafka_operations_total", List.of("operation", "status"),
                    "event_bus_database_query_duration_seconds", List.of("operation", "quantile"),
                    "event_bus_redis_operation_duration_seconds", List.of("operation", "quantile"),
                    "event_bus_event_buffer_size", List.of(),
                    "event_bus_active_workers", List.of());

    private Jubilee jubilee;
    private String topic;
    private ContractClient bus;
    private ContractClient liveops;
    private ContractClient anonymous;

    @BeforeAll
    void start(@TempDir Path home) throws Exception {
        Map<String, String> given = new HashMap<>();
        given.put("JUBILEE_HOME", home.toString());
        given.put("DATABASE_URL", platform.databaseUrl());
        given.put("DATABASE_USER", platform.user());
        given.put("DATABASE_PASSWORD", platform.password());
        given.put("KAFKA_BROKERS", platform.brokers());
        given.put("KAFKA_GROUP_ID", platform.prefix() + "jubilee");
        for (String port : List.of("EVENT_BUS_PORT", "SERVER_PORT", "JUBILEE_METRICS_PORT")) {
            given.put(port, "0");
        }
        SettingsReader reader = new SettingsReader(given);
        JubileeSettings settings = JubileeSettings.from(reader, true);
        jubilee = Jubilee.start(settings, true, InstantSource.system());
        String key = Files.readString(jubilee.adminKeyFile()).strip();
        bus = new ContractClient(jubilee.busPort(), Contract.bus()).as(key);
        anonymous = new ContractClient(jubilee.liveOpsPort(), Contract.liveops());
        liveops = anonymous.as(key);
        topic = platform.topic("contract.events");
        bus.post("/topics", Map.of("name", topic, "partitions", 1, "category", "game")).expect(201);
    }

    @AfterAll
    void stop() {
        jubilee.close();
    }

    private static Set<String> operations(List<Router.Route> routes) {
        Set<String> operations = new TreeSet<>();
        routes.forEach(route -> operations.add(route.method() + " " + route.path()));
        return operations;
    }

    @Test
    void everyRouteIsInTheDocumentAndNothingElse() {
        assertThat(operations(jubilee.busRoutes())).isEqualTo(Contract.bus().operations());
        assertThat(operations(jubilee.liveOpsRoutes())).isEqualTo(Contract.liveops().operations());
    }

    @Test
    void onTheBusPlayersMayOnlyPublishGameEvents() {
        List<Router.Route> closedToStrangers =
                jubilee.busRoutes().stream()
                        .filter(route -> !route.access().allows(Role.ANONYMOUS))
                        .toList();
        assertThat(closedToStrangers.stream().filter(route -> route.access().allows(Role.PLAYER)))
                .extracting(Router.Route::path)
                .containsExactly("/events/game/publish");
    }

    @Test
    void theDocumentsNameTheQueryParametersThatAreTaken() {
        assertThat(queries(jubilee.busRoutes())).isEqualTo(Contract.bus().queries());
        assertThat(queries(jubilee.liveOpsRoutes())).isEqualTo(Contract.liveops().queries());
        bus.get("/topics?categroy=game").expect(422);
        anonymous.get("/events?state=active").expect(422);
        anonymous.get("/health?verbose").expect(422);
    }

    private static Map<String, Set<String>> queries(List<Router.Route> routes) {
        Map<String, Set<String>> queries = new TreeMap<>();
        routes.forEach(route -> queries.put(route.method() + " " + route.path(), route.queries()));
        return queries;
    }

    @Test
    void thePortsServeTheirDocuments() {
        for (Map.Entry<ContractClient, Contract> port :
                Map.of(bus, Contract.bus(), liveops, Contract.liveops()).entrySet()) {
            assertThat(port.getKey().get("/openapi.json").expect(200).body())
                    .isEqualTo(port.getValue().document());
            Answer json = port.getKey().send("GET", "/openapi", null, "Accept", "application/json");
            assertThat(json.body()).isEqualTo(port.getValue().document());
            assertThat(port.getKey().get("/openapi").expect(200).header("Content-Type"))
                    .isEqualTo("application/yaml");
        }
    }

    @Test
    void healthIsOpenToAll() {
        ContractClient stranger = new ContractClient(jubilee.busPort(), Contract.bus());
        Await.untilAsserted(
                "it is well",
                () ->
                        assertThat(
                                        stranger.get("/health")
                                                .expect(200)
                                                .body()
                                                .path("domain")
                                                .stringValue())
                                .isEqualTo("event-bus-service"));
        Await.untilAsserted(
                "so is the other",
                () ->
                        assertThat(
                                        anonymous
                                                .get("/health")
                                                .expect(200)
                                                .body()
                                                .path("kafka_connected")
                                                .booleanValue())
                                .isTrue());
    }

    @Test
    void theRequiredMetricsAreServedUnderTheirNames() throws Exception {
        bus.post(
                        "/events/publish",
                        Map.of(
                                "event_type",
                                "game.metrics",
                                "topic",
                                topic,
                                "source",
                                "/test",
                                "payload",
                                Map.of()))
                .expect(200);
        URI metrics = URI.create("http://127.0.0.1:" + jubilee.metricsPort() + "/metrics");
        HttpRequest scrape = HttpRequest.newBuilder(metrics).build();
        try (HttpClient prometheus = HttpClient.newHttpClient()) {
            Await.untilAsserted(
                    "every required metric is served with its labels",
                    () -> {
                        String text = prometheus.send(scrape, BodyHandlers.ofString()).body();
                        METRICS.forEach((name, labels) ->
                                assertThat(text.lines())
                                        .as(name)
                                        .anyMatch(line -> isSample(line, name, labels)));
                        assertThat(text)
                                .contains(
                                        "events_total{status=\"processed\",type=\"game.metrics\"}",
                                        "event_latency_seconds_bucket{type=\"game.metrics\",le=\"0.1\"}");
                    });
        }
    }

    private static boolean isSample(String line, String name, List<String> labels) {
        return labels.isEmpty()
                ? line.startsWith(name + " ")
                : line.startsWith(name + "{")
                        && labels.stream()
                                .allMatch(label ->
                                        line.contains("{" + label + "=\"")
                                                || line.contains("," + label + "=\""));
    }

    @Test
    void topics() {
        String name = platform.topic("contract.topics");
        Answer made = bus.post("/topics", Map.of("name", name, "replication_factor", 3));
        assertThat(made.expect(201).header("Location")).isEqualTo("/topics/" + name);
        assertThat(bus.post("/topics", Map.of("name", name)).expect(409).code())
                .isEqualTo("topic_exists");
        bus.post("/topics", Map.of("name", "NOT A NAME", "extra", 1)).expect(422);
        assertThat(bus.get("/topics/" + name).expect(200).body()).isEqualTo(made.body());
        bus.get("/topics/no.such").expect(404);
        assertThat(bus.get("/topics?limit=1&category=game").expect(200).body()).hasSize(1);
        bus.get("/topics?limit=0").expect(422);
        Map<String, Object> change = Map.of("partitions", 4, "schema", Map.of("type", "object"));
        bus.send("PATCH", "/topics/" + name, change).expect(200);
        bus.send("PATCH", "/topics/" + name, Map.of("schema", Map.of("type", "array"))).expect(409);
        bus.send("PATCH", "/topics/" + name, Map.of("partitions", 1)).expect(422);
        bus.post("/topics/" + name + "/pause").expect(200);
        bus.post("/events/publish", Map.of("event_type", "game.a", "topic", name)).expect(409);
        bus.post("/topics/" + name + "/resume").expect(200);
        String grants = "/topics/" + name + "/grants";
        bus.put(grants + "/role:player", Map.of("actions", List.of("publish"))).expect(200);
        bus.put(grants + "/role:god", Map.of("actions", List.of("everything"))).expect(422);
        bus.get(grants).expect(200);
        bus.delete(grants + "/role:player").expect(204);
        bus.get("/topics/drift").expect(200);
        bus.delete("/topics/" + name).expect(422);
        bus.delete("/topics/liveops.events?confirm=liveops.events").expect(409);
        bus.delete("/topics/" + name + "?confirm=" + name).expect(204);
    }

    @Test
    void publishingAndStatus() {
        Map<String, Object> event =
                Map.of("event_type", "game.match.end", "topic", topic, "payload", "{\"a\":1}");
        String id =
                bus.post("/events/publish", event)
                        .expect(200)
                        .body()
                        .path("event_id")
                        .stringValue();
        Answer status = bus.get("/events/" + id + "/status").expect(200);
        assertThat(status.body().path("status").stringValue()).isEqualTo("completed");
        bus.get("/events/unknown-event/status").expect(404);
        bus.post(
                        "/events/game/publish",
                        Map.of("player_id", "ann", "action_type", "kill", "topic", topic))
                .expect(200);
        Answer batch =
                bus.post(
                        "/events/publish/batch",
                        Map.of(
                                "events",
                                List.of(event, Map.of("topic", topic, "event_type", "x"))));
        // One of the two does not fit the schema of an event, and is refused by itself.
        assertThat(batch.expect(200).body().path("failed").intValue()).isEqualTo(1);
    }

    @Test
    void publishingIsRefusedClearly() {
        Map<String, Object> event = Map.of("event_type", "game.kill", "topic", "no.such.topic");
        bus.post("/events/publish", event).expect(404);
        bus.post("/events/publish", Map.of("topic", topic, "surprise", 1)).expect(422);
        bus.post("/events/publish", List.of()).expect(400);
        bus.send("POST", "/events/publish", Map.of(), "Content-Type", "text/plain").expect(415);
        new ContractClient(jubilee.busPort(), Contract.bus())
                .post("/events/publish", event)
                .expect(401);
        new ContractClient(jubilee.busPort(), Contract.bus())
                .as(token("ann"))
                .post("/events/publish", event)
                .expect(403);
    }

    @Test
    void subscriptions() {
        Map<String, Object> wanted = new HashMap<>();
        wanted.put("service_name", "contract");
        wanted.put("topic_pattern", topic + ".webhooks");
        wanted.put("method", "webhook");
        wanted.put("endpoint", "http://127.0.0.1:1/hook");
        wanted.put("filter", Map.of("data", Map.of("a", List.of(1))));
        wanted.put("retry_policy", List.of(1, 5));
        Answer made = bus.post("/subscriptions", wanted).expect(201);
        String path = made.header("Location");
        bus.post("/subscriptions", Map.of("service_name", "", "surprise", 1)).expect(422);
        bus.get("/subscriptions?service_name=contract&limit=1").expect(200);
        bus.get("/subscriptions?status=nonsense").expect(422);
        bus.get(path).expect(200);
        bus.get("/subscriptions/none").expect(404);
        bus.send("PATCH", path, Map.of("max_retries", 1)).expect(200);
        bus.send("PATCH", path, Map.of("method", "sse")).expect(422);
        bus.post(path + "/pause", Map.of("reason", "tea")).expect(200);
        bus.post(path + "/resume").expect(200);
        bus.post(path + "/rewind", Map.of("to", "beginning")).expect(200);
        bus.post(path + "/rewind", Map.of()).expect(422);
        bus.post(path + "/secret/rotate").expect(200);
        bus.post(
                        "/subscriptions/filter/test",
                        Map.of(
                                "filter",
                                Map.of("event_type", "game.kill"),
                                "event",
                                Map.of("event_type", "game.death")))
                .expect(200);
        bus.post("/subscriptions/filter/test", Map.of("filter", Map.of())).expect(422);
        assertThat(
                        bus.post(path + "/test", Map.of("data", Map.of("a", 1)))
                                .expect(200)
                                .body()
                                .path("delivered")
                                .booleanValue())
                .isFalse();
        bus.get(path + "/deliveries?limit=5").expect(200);
        bus.get(path + "/deliveries?cursor=x").expect(422);
        bus.get(path + "/dead-letters?reason=x").expect(200);
        bus.get(path + "/dead-letters/none").expect(404);
        bus.send("PATCH", path + "/dead-letters/none", Map.of("data", 1)).expect(404);
        bus.delete(path + "/dead-letters/none").expect(404);
        String redrive =
                bus.post(path + "/dead-letters/redrive", Map.of("event_type", "game.kill"))
                        .expect(202)
                        .body()
                        .path("redrive_id")
                        .stringValue();
        bus.get(path + "/redrives/" + redrive).expect(200);
        bus.get(path + "/redrives/none").expect(404);
        bus.post(path + "/pull").expect(409);
        bus.delete(path).expect(204);
        bus.delete(path).expect(404);
    }

    @Test
    void takingDeliveries() {
        Map<String, Object> wanted =
                Map.of("service_name", "contract", "topic_pattern", topic, "method", "sse");
        String path = bus.post("/subscriptions", wanted).expect(201).header("Location");
        Map<String, Object> event =
                Map.of("event_type", "game.sse", "topic", topic, "payload", Map.of("n", 1));
        String id =
                bus.post("/events/publish", event)
                        .expect(200)
                        .body()
                        .path("event_id")
                        .stringValue();
        Answer pulled = pull(path);
        String delivery = pulled.body().path("events").path(0).path("delivery_id").stringValue();
        assertThat(pulled.body().path("events").path(0).path("event").path("id").stringValue())
                .isEqualTo(id);
        assertThat(bus.get("/events/" + id + "/status").body().path("status").stringValue())
                .isEqualTo("processing");
        bus.post(path + "/nack", Map.of("delivery_ids", List.of(delivery), "delay", 0)).expect(200);
        pull(path);
        bus.post(path + "/ack", Map.of("delivery_ids", List.of(delivery))).expect(200);
        bus.post(path + "/ack", Map.of()).expect(422);
        assertThat(bus.get("/events/" + id + "/status").body().path("status").stringValue())
                .isEqualTo("completed");
        assertThat(bus.get("/events/" + id + "/deliveries").expect(200).body().path("deliveries"))
                .hasSize(1);
        bus.send("GET", path + "/stream", null, "Last-Event-ID", "1-").expect(422);
        bus.delete(path).expect(204);
    }

    /** The first answer that brings something. */
    private Answer pull(String path) {
        AtomicReference<Answer> pulled = new AtomicReference<>();
        Await.until(
                "something comes",
                () -> {
                    pulled.set(bus.post(path + "/pull", Map.of("max", 1, "wait_ms", 10_000)));
                    return !pulled.get().expect(200).body().path("events").isEmpty();
                });
        return pulled.get();
    }

    @Test
    void cloudEvents() {
        Map<String, Object> event =
                Map.of(
                        "specversion",
                        "1.0",
                        "id",
                        "ce-1",
                        "source",
                        "/match",
                        "type",
                        "game.kill",
                        "topic",
                        topic,
                        "data",
                        Map.of("weapon", "bow"));
        bus.send("POST", "/events/publish", event, "Content-Type", "application/cloudevents+json")
                .expect(200);
        bus.send(
                        "POST",
                        "/events/publish/batch",
                        List.of(event),
                        "Content-Type",
                        "application/cloudevents-batch+json")
                .expect(200);
    }

    @Test
    void searchTraceReplayAndStats() {
        Map<String, Object> event = new HashMap<>();
        event.put("event_type", "game.match.end");
        event.put("topic", topic);
        event.put("event_id", "contract-traced");
        event.put("subject", "ann");
        event.put("key", "match-1");
        event.put("correlation_id", "contract-match");
        event.put("payload", Map.of("winner", "ann"));
        bus.post("/events/publish", event).expect(200);
        Answer trace = bus.get("/events/contract-traced/trace").expect(200);
        assertThat(trace.body().at("/events/0/relation").stringValue()).isEqualTo("self");
        bus.get("/events/no-such-event/trace").expect(404);
        Answer found = bus.get("/events?correlation_id=contract-match&limit=5").expect(200);
        assertThat(found.body().at("/events/0/extensions/subject").stringValue()).isEqualTo("ann");
        bus.get("/events?start_time=yesterday&payload=x&cursor=y").expect(422);
        assertThat(bus.get("/stats").expect(200).body().path("total_events_published").longValue())
                .isPositive();

        String start = Instant.now().minusSeconds(600).toString();
        Map<String, Object> file = Map.of("topic", topic, "start_time", start, "file", true);
        Answer made = bus.post("/replay", file).expect(202);
        String path = "/replay/" + made.body().path("replay_id").stringValue();
        Await.until(
                "the replay is done",
                () ->
                        bus.get(path + "/status")
                                .expect(200)
                                .body()
                                .path("status")
                                .stringValue()
                                .equals("completed"));
        bus.get(path + "/file").expect(200);
        bus.get("/replay?limit=1").expect(200);
        bus.post(path + "/pause").expect(409);
        bus.post(path + "/resume").expect(409);
        bus.post(path + "/cancel").expect(409);
        bus.post("/replay", Map.of("topic", "*.", "start_time", start)).expect(422);
        bus.get("/replay/none/status").expect(404);
    }

    @Test
    void aTraceShowsWhatAnEventDidToLiveEvents() {
        Map<String, Object> live = event("contract_trace");
        live.put(
                "rewards",
                List.of(
                        Map.of(
                                "reward_id",
                                "blood",
                                "reward_type",
                                "gold",
                                "reward_value",
                                Map.of("amount", 1),
                                "reward_condition",
                                Map.of("on", "milestone", "when", "progress.kills >= 1"))));
        liveops.post("/events", live).expect(201);
        Await.until(
                "the event is active",
                () ->
                        liveops.get("/events?status=active")
                                .body()
                                .toString()
                                .contains("contract_trace"));
        levelled("tracy");
        anonymous.as(token("tracy")).post("/events/contract_trace/join").expect(201);
        Map<String, Object> kill = new HashMap<>();
        kill.put("player_id", "tracy");
        kill.put("action_type", "kill");
        kill.put("topic", topic);
        kill.put("event_id", "contract-kill");
        bus.post("/events/game/publish", kill).expect(200);
        Await.untilAsserted(
                "the kill has counted and was rewarded",
                () -> {
                    JsonNode events = bus.get("/events/contract-kill/trace").expect(200).body();
                    assertThat(events.at("/events/0/steps"))
                            .extracting(step -> step.path("step").stringValue())
                            .contains(
                                    "published",
                                    "stored",
                                    "seen_by_progress",
                                    "counted",
                                    "rewarded");
                    assertThat(events.path("events"))
                            .extracting(e -> e.at("/event/event_type").stringValue())
                            .contains("liveops.reward.earned");
                });
    }

    private String token(String userId) {
        return liveops.post("/tokens", Map.of("user_id", userId, "ttl_seconds", 60))
                .expect(201)
                .body()
                .path("token")
                .stringValue();
    }

    private static Map<String, Object> event(String id) {
        Map<String, Object> event = new HashMap<>();
        event.put("event_id", id);
        event.put("name", "Boss Rush");
        event.put("description", "Kill it.");
        event.put("event_type", "special");
        event.put("start_time", Instant.now().minusSeconds(60).toString());
        event.put("end_time", Instant.now().plusSeconds(3_600).toString());
        event.put("max_participants", 100);
        event.put("requirements", Map.of("when", "player.level >= 10"));
        event.put(
                "settings",
                Map.of(
                        "progress",
                        List.of(Map.of("metric", "kills", "on", "game.kill", "add", 1)),
                        "complete_when",
                        "progress.kills >= 10",
                        "score",
                        "progress.kills",
                        "tie_break",
                        List.of("score", "reached_at")));
        event.put(
                "rewards",
                List.of(
                        Map.of(
                                "reward_id",
                                "welcome",
                                "reward_type",
                                "gold",
                                "reward_value",
                                Map.of("amount", 5),
                                "reward_condition",
                                Map.of("on", "join")),
                        Map.of(
                                "reward_type",
                                "title",
                                "reward_value",
                                Map.of("title", "Slayer"),
                                "reward_condition",
                                Map.of("on", "rank", "top", 10),
                                "max_claims",
                                10)));
        return event;
    }

    private void active(String id) {
        liveops.post("/events", event(id), "Idempotency-Key", "make-" + id).expect(201);
        Await.until(
                "the event is active",
                () ->
                        liveops.get("/events/" + id)
                                .body()
                                .path("event_info")
                                .path("status")
                                .stringValue("")
                                .equals("active"));
    }

    private void levelled(String userId) {
        liveops.put(
                        "/users/" + userId,
                        Map.of("level", 20, "segment", "whale", "attributes", Map.of("guild", "x")))
                .expect(200);
    }

    @Test
    void liveEvents() {
        active("contract_crud");
        Answer again =
                liveops.post(
                        "/events", event("contract_crud"), "Idempotency-Key", "other-" + topic);
        assertThat(again.expect(409).code()).isEqualTo("event_exists");
        anonymous.get("/events?status=active&event_type=special&limit=5").expect(200);
        anonymous.get("/events?status=nonsense").expect(422);
        anonymous.get("/events/contract_crud").expect(200);
        anonymous.get("/events/no_such_event").expect(404);
        anonymous.get("/events/contract_crud/occurrences").expect(200);
        liveops.put("/events/contract_crud", Map.of("updates", Map.of("name", "Boss Rush II")))
                .expect(200);
        liveops.put("/events/contract_crud", Map.of("description", "More.")).expect(200);
        liveops.put("/events/contract_crud", Collections.singletonMap("end_time", null))
                .expect(200);
        liveops.put("/events/contract_crud", Map.of("version", 1, "name", "x")).expect(409);
        liveops.post("/events", Map.of("name", "")).expect(422);
        anonymous.post("/events", event("contract_denied")).expect(401);
        anonymous.as(token("ann")).post("/events", event("contract_denied")).expect(403);
        liveops.delete("/events/contract_crud").expect(200);
        liveops.delete("/events/no_such_event").expect(404);
    }

    @Test
    void participation() {
        active("contract_join");
        levelled("ann");
        ContractClient ann = anonymous.as(token("ann"));
        JsonNode joined = ann.post("/events/contract_join/join").expect(201).body();
        assertThat(ann.post("/events/contract_join/participants", Map.of()).expect(200).body())
                .isEqualTo(joined);
        ann.post("/events/contract_join/join", Map.of("user_id", "bob")).expect(403);
        anonymous.as(token("low")).post("/events/contract_join/join").expect(422);
        ann.post("/events/no_such_event/join").expect(404);
        ann.get("/events/contract_join/participants?limit=1").expect(200);
        ann.get("/events/contract_join/participants?status=active").expect(403);
        ann.get("/events/contract_join/participants/ann").expect(200);
        ann.get("/events/contract_join/participants/bob").expect(403);
        liveops.get("/events/contract_join/participants/nobody").expect(404);
        liveops.put(
                        "/events/contract_join/participants/ann",
                        Map.of("progress", Map.of("kills", 7)))
                .expect(200);
        ann.get("/users/ann/events?limit=5").expect(200);
        ann.get("/users/bob/events").expect(403);
        anonymous.get("/events/contract_join/leaderboard").expect(200);
        anonymous.get("/events/contract_join/leaderboard/around/ann").expect(200);
        anonymous.get("/events/contract_join/leaderboard/around/nobody").expect(404);
        liveops.post("/events/contract_join/complete", Map.of("user_id", "ann")).expect(200);
        levelled("eve");
        ContractClient eve = anonymous.as(token("eve"));
        eve.get("/events/contract_join/participants").expect(200);
        eve.post("/events/contract_join/join", Map.of("event_id", "contract_join")).expect(201);
        eve.post("/events/contract_join/leave", Map.of()).expect(200);
        eve.delete("/events/contract_join/participants/eve").expect(200);
        liveops.post("/events/contract_join/complete").expect(200);
    }

    @Test
    void rewards() {
        active("contract_rewards");
        levelled("cat");
        ContractClient cat = anonymous.as(token("cat"));
        cat.post("/events/contract_rewards/join").expect(201);
        anonymous.get("/events/contract_rewards/rewards").expect(200);
        cat.get("/events/contract_rewards/rewards").expect(200);
        anonymous.get("/events/no_such_event/rewards").expect(404);
        Map<String, Object> welcome = Map.of("reward_id", "welcome");
        JsonNode claimed =
                cat.post("/events/contract_rewards/rewards/claim", welcome).expect(200).body();
        assertThat(cat.post("/events/contract_rewards/rewards", welcome).expect(200).body())
                .isEqualTo(claimed);
        Answer early =
                cat.post("/events/contract_rewards/rewards", Map.of("reward_id", "reward_2"));
        assertThat(early.expect(409).code()).isEqualTo("reward_not_earned");
        cat.post("/events/contract_rewards/rewards", Map.of("reward_id", "none")).expect(404);
        cat.get("/users/cat/rewards?status=claimed&event_id=contract_rewards").expect(200);
        cat.get("/users/cat").expect(200);
        liveops.get("/users/nobody").expect(404);
    }

    @Test
    void revocation() {
        active("contract_revoked");
        levelled("dora");
        ContractClient dora = anonymous.as(token("dora"));
        dora.post("/events/contract_revoked/join").expect(201);
        String grant =
                dora.post("/events/contract_revoked/rewards/claim", Map.of("reward_id", "welcome"))
                        .expect(200)
                        .body()
                        .at("/claimed_reward/grant_id")
                        .stringValue();
        String revoke = "/grants/" + grant + "/revoke";
        dora.post(revoke).expect(403);
        Answer first =
                liveops.post(revoke, Map.of("reason", "a mistake"), "Idempotency-Key", grant);
        assertThat(first.expect(200).body().at("/revoked_reward/status").stringValue())
                .isEqualTo("revoked");
        assertThat(liveops.post(revoke).expect(200).body()).isEqualTo(first.body());
        liveops.post("/grants/00000000-0000-0000-0000-000000000000/revoke").expect(404);
        liveops.post("/grants/none/revoke").expect(404);
        dora.get("/users/dora/rewards?status=revoked").expect(200);
    }

    @Test
    void credentials() {
        Answer made =
                liveops.post(
                        "/keys",
                        Map.of("name", "match", "role", "service"),
                        "Idempotency-Key",
                        "contract-key");
        liveops.get("/keys?limit=2").expect(200);
        String id = made.expect(201).body().path("key_id").stringValue();
        ContractClient service = anonymous.as(made.body().path("key").stringValue());
        service.post("/tokens", Map.of("user_id", "ann")).expect(201);
        service.get("/keys").expect(403);
        liveops.delete("/keys/" + id).expect(204);
        service.post("/tokens", Map.of("user_id", "ann")).expect(401);
        liveops.delete("/keys/00000000-0000-0000-0000-000000000000").expect(404);
        liveops.post("/keys", Map.of("role", "god")).expect(422);
    }
}
