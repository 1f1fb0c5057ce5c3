package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import tools.jackson.databind.JsonNode;

class SubscriptionsTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static BusInstance bus;
    private static BusInstance other;

    @BeforeAll
    static void start() {
        bus = new BusInstance(platform, Map.of());
        other = new BusInstance(platform, Map.of());
    }

    @AfterAll
    static void stop() {
        bus.close();
        other.close();
    }

    @Test
    void theDocumentsExampleIsTakenAndGetsTheDocumentsDefaults() {
        Answer made =
                bus.post(
                        "service",
                        "/subscriptions",
                        """
                        {"service_name": "analytics-service", "topic_pattern": "game.*",
                         "event_types": ["game.match.end", "game.player.action"], "method": "kafka",
                         "max_retries": 3, "retry_delay": 60, "rate_limit_per_min": 1000,
                         "enable_batching": false, "requires_ack": true}
                        """);
        assertThat(made.status()).isEqualTo(201);
        Answer bare = bus.post("service", "/subscriptions", "{\"service_name\": \"bare\"}");

        assertThat(bare.status()).isEqualTo(201);
        assertThat(bare.text("topic_pattern")).isEqualTo("*");
        assertThat(bare.text("method")).isEqualTo("kafka");
        assertThat(bare.text("status")).isEqualTo("active");
        assertThat(bare.body().get("max_retries").intValue()).isEqualTo(3);
        assertThat(bare.body().get("retry_delay").intValue()).isEqualTo(60);
        assertThat(bare.body().get("rate_limit_per_min").intValue()).isEqualTo(1_000);
        assertThat(bare.body().get("is_active").booleanValue()).isTrue();
        assertThat(bare.body().get("enable_batching").booleanValue()).isFalse();
        assertThat(bare.body().get("requires_ack").booleanValue()).isTrue();
        assertThat(bare.body().has("last_active")).isTrue();
        assertThat(bare.text("consumer_group")).startsWith("bare.");
        assertThat(other.get("service", "/subscriptions/" + made.text("subscription_id")).body())
                .isEqualTo(made.body());
    }

    @Test
    void everyFaultOfARequestIsNamedAtOnce() {
        Answer refused =
                bus.post(
                        "service",
                        "/subscriptions",
                        """
                        {"topic_pattern": "a..b", "event_types": ["Game"], "method": "carrier-pigeon",
                         "filter": {"data": {"n": [{"numeric": ["around", 5]}], "m": []}}, "max_retries": -1,
                         "retry_policy": [], "ordering": "some", "start_from": "soon", "surprise": 1}
                        """);
        assertThat(refused.status()).isEqualTo(422);
        List<String> fields = new ArrayList<>();
        refused.body().get("errors").forEach(error -> fields.add(error.get("field").stringValue()));
        assertThat(fields)
                .contains(
                        "service_name",
                        "topic_pattern",
                        "event_types[0]",
                        "method",
                        "filter.data.n[0]",
                        "filter.data.m",
                        "max_retries",
                        "retry_policy",
                        "ordering",
                        "start_from",
                        "surprise");
    }

    @Test
    void aSubscriptionIsCountedAndKeepsItsTopicFromBeingDeleted() {
        String topic = platform.topic("kept");
        String named = "{\"name\":\"" + topic + "\",\"partitions\":1}";
        assertThat(bus.post("operator", "/topics", named).status()).isEqualTo(201);
        Await.until("those of other tests are counted", () -> active() == activeInDatabase());
        int before = active();
        Answer made =
                bus.post(
                        "service",
                        "/subscriptions",
                        "{\"service_name\":\"mail\",\"method\":\"sse\",\"topic_pattern\":\""
                                + topic
                                + "\"}");
        assertThat(made.status()).isEqualTo(201);

        Await.until("it is counted", () -> active() == before + 1);
        Answer refused =
                bus.send("DELETE", "operator", "/topics/" + topic + "?confirm=" + topic, null);

        assertThat(refused.status()).isEqualTo(409);
        assertThat(refused.body().at("/errors/0/message").stringValue())
                .isEqualTo("subscription \"mail\"");
        bus.post("service", "/subscriptions/" + made.text("subscription_id") + "/pause", "{}");
        Await.until("it is counted no more", () -> active() == before);
    }

    private static int activeInDatabase() throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery(
                                "SELECT count(*) FROM bus.event_subscriptions WHERE status = 'active'")) {
            row.next();
            return row.getInt(1);
        }
    }

    private static int active() {
        return bus.get("operator", "/stats").body().get("active_subscriptions").intValue();
    }

    @Test
    void methodsThatAreNotThereAreRefusedWithThoseThatAre() {
        Answer refused =
                bus.post(
                        "service",
                        "/subscriptions",
                        "{\"service_name\": \"s\", \"method\": \"carrier-pigeon\"}");
        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.body().toString()).contains("webhook, kafka, rabbitmq, redis, sse");
        for (String broker : List.of("rabbitmq", "redis")) {
            Answer missing =
                    bus.post(
                            "service",
                            "/subscriptions",
                            "{\"service_name\": \"s\", \"endpoint\": \"x\", \"method\": \""
                                    + broker
                                    + "\"}");
            assertThat(missing.status()).isEqualTo(422);
            assertThat(missing.body().at("/errors/0/field").stringValue()).isEqualTo("method");
            assertThat(missing.body().at("/errors/0/message").stringValue())
                    .contains("_HOST names no server");
        }
    }

    @Test
    void anEndpointMustBeOneThatRequestsMayGoTo() {
        for (String endpoint :
                List.of(
                        "http://10.1.2.3/x",
                        "http://169.254.169.254/latest/meta-data",
                        "http://[fd00::1]/x",
                        "http://[::ffff:10.0.0.1]/x",
                        "ftp://example.com/x",
                        "http://user:pw@127.0.0.1/",
                        "nonsense")) {
            Answer refused = webhook(endpoint, "");
            assertThat(refused.status()).as(endpoint).isEqualTo(422);
            assertThat(refused.body().get("errors").get(0).get("field").stringValue())
                    .isEqualTo("endpoint");
        }
        assertThat(webhook("http://127.0.0.1:9/hook", "").status()).isEqualTo(201);
    }

    @Test
    void secretsAreToldOnceAndKeptEncrypted() throws Exception {
        Answer made =
                webhook("http://127.0.0.1:9/hook", ", \"auth_token\": \"token-in-the-clear\"");
        String id = made.text("subscription_id");
        String secret = made.text("signing_secret");
        assertThat(secret).startsWith("whsec_");

        Answer seen = bus.get("service", "/subscriptions/" + id);
        assertThat(seen.body().has("signing_secret")).isFalse();
        assertThat(seen.body().toString()).doesNotContain("token-in-the-clear");
        assertThat(seen.body().get("has_auth_token").booleanValue()).isTrue();
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery(
                                "SELECT s::text FROM bus.event_subscriptions s WHERE subscription_id = '"
                                        + id
                                        + "'")) {
            assertThat(row.next()).isTrue();
            assertThat(row.getString(1))
                    .doesNotContain("token-in-the-clear")
                    .doesNotContain(secret.substring(6));
        }
        Answer rotated = bus.post("service", "/subscriptions/" + id + "/secret/rotate", "{}");
        assertThat(rotated.text("signing_secret")).startsWith("whsec_").isNotEqualTo(secret);
    }

    @Test
    void whoseKeyIsLostGetsASecretThatStandsAlone() throws Exception {
        String id = webhook("http://127.0.0.1:9/hook", "").text("subscription_id");
        execute(
                """
                UPDATE bus.event_subscriptions SET signing_secrets = encode(decode(repeat('5a', 50), 'hex'), 'base64')
                WHERE subscription_id = '%s'
                """
                        .formatted(id));

        Answer alone = bus.post("service", "/subscriptions/" + id + "/secret/rotate", "{}");
        Answer next = bus.post("service", "/subscriptions/" + id + "/secret/rotate", "{}");

        assertThat(alone.status()).isEqualTo(200);
        assertThat(alone.text("signing_secret")).startsWith("whsec_");
        assertThat(next.status()).isEqualTo(200);
        assertThat(next.text("signing_secret")).isNotEqualTo(alone.text("signing_secret"));
    }

    @Test
    void aSecretIsNotKeptWithTheAnswerThatARepetitionGets() throws Exception {
        String body =
                "{\"service_name\": \"s\", \"method\": \"webhook\", \"topic_pattern\": \"none.at.all\","
                        + " \"endpoint\": \"http://127.0.0.1:9/hook\"}";
        String[] key = {"Idempotency-Key", platform.prefix() + "secret"};
        Answer made = bus.post("service", "/subscriptions", body, key);
        assertThat(made.text("signing_secret")).startsWith("whsec_");
        Answer again = bus.post("service", "/subscriptions", body, key);
        String rotate = "/subscriptions/" + made.text("subscription_id") + "/secret/rotate";
        key[1] += ".rotated";
        Answer rotated = bus.post("service", rotate, "{}", key);
        assertThat(rotated.text("signing_secret")).startsWith("whsec_");
        Answer rotatedAgain = bus.post("service", rotate, "{}", key);

        for (Answer repetition : List.of(again, rotatedAgain)) {
            assertThat(repetition.headers().firstValue("Idempotent-Replayed")).hasValue("true");
            assertThat(repetition.text("subscription_id")).isEqualTo(made.text("subscription_id"));
            assertThat(repetition.body().has("signing_secret")).isFalse();
        }
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery(
                                "SELECT count(*) FROM platform.idempotency_keys WHERE position('whsec_'::bytea IN body) > 0")) {
            assertThat(row.next()).isTrue();
            assertThat(row.getInt(1)).isZero();
        }
    }

    @Test
    void changesOfDifferentFieldsAtTheSameMomentAreAllThere() throws Exception {
        for (int round = 0; round < 10; round++) {
            String path =
                    "/subscriptions/"
                            + webhook("http://127.0.0.1:9/hook", "").text("subscription_id");
            List<String> changes =
                    List.of(
                            "{\"max_retries\": 17}",
                            "{\"rate_limit_per_min\": 99}",
                            "{\"batch_size\": 7}",
                            "{\"ack_deadline\": 44}",
                            "{\"event_types\": [\"game.kill\"]}");
            CyclicBarrier barrier = new CyclicBarrier(changes.size());
            try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
                List<Future<Answer>> answers = new ArrayList<>();
                for (String change : changes) {
                    answers.add(
                            clients.submit(() -> {
                                barrier.await();
                                return bus.patch("service", path, change);
                            }));
                }
                for (Future<Answer> answer : answers) {
                    assertThat(answer.get().status()).isEqualTo(200);
                }
            }
            JsonNode is = other.get("service", path).body();
            assertThat(is.get("max_retries").intValue()).isEqualTo(17);
            assertThat(is.get("rate_limit_per_min").intValue()).isEqualTo(99);
            assertThat(is.get("batch_size").intValue()).isEqualTo(7);
            assertThat(is.get("ack_deadline").intValue()).isEqualTo(44);
            assertThat(is.get("event_types")).hasSize(1);
        }
    }

    @Test
    void whatStreamsAndPullsCannotHonourIsRefusedByName() {
        List<String> settings =
                List.of(
                        "\"ordering\": \"key\"",
                        "\"rate_limit_per_min\": 60",
                        "\"enable_batching\": true",
                        "\"batch_size\": 10",
                        "\"batch_window_ms\": 10",
                        "\"auth_token\": \"t\"");
        String start = "{\"service_name\": \"s\", \"method\": \"sse\"";
        Answer made =
                bus.post(
                        "service",
                        "/subscriptions",
                        start
                                + ", \"max_retries\": 2, \"retry_policy\": [1, 5], \"requires_ack\": true}");
        assertThat(made.status()).isEqualTo(201);
        for (String setting : settings) {
            String field = setting.substring(1, setting.indexOf('"', 1));
            for (Answer refused :
                    List.of(
                            bus.post("service", "/subscriptions", start + ", " + setting + "}"),
                            bus.patch(
                                    "service",
                                    "/subscriptions/" + made.text("subscription_id"),
                                    "{" + setting + "}"))) {
                assertThat(refused.status()).as(setting).isEqualTo(422);
                assertThat(refused.body().at("/errors/0/field").stringValue()).isEqualTo(field);
            }
        }
    }

    @Test
    void aSubscriptionIsChangedPausedResumedAndDeleted() {
        String path =
                "/subscriptions/" + webhook("http://127.0.0.1:9/hook", "").text("subscription_id");
        Answer changed =
                other.patch(
                        "operator",
                        path,
                        """
                        {"event_types": ["game.kill"], "filter": {"data": {"weapon": "bow"}}, "max_retries": 7,
                         "retry_policy": {"initial": 1, "multiplier": 3, "max": 60, "jitter": 0.5}}
                        """);
        assertThat(changed.status()).isEqualTo(200);
        assertThat(changed.body().get("max_retries").intValue()).isEqualTo(7);
        assertThat(changed.body().get("retry_policy").get("multiplier").doubleValue()).isEqualTo(3);
        Answer cleared =
                bus.patch("operator", path, "{\"filter\": null, \"retry_policy\": [1, 5]}");
        assertThat(cleared.body().has("filter")).isFalse();
        assertThat(cleared.body().get("retry_policy").toString()).isEqualTo("[1,5]");
        assertThat(bus.patch("operator", path, "{\"method\": \"sse\"}").status()).isEqualTo(422);

        assertThat(bus.post("operator", path + "/pause", "{\"reason\": \"tea\"}").text("status"))
                .isEqualTo("paused");
        assertThat(bus.get("operator", path).text("status_reason")).isEqualTo("tea");
        for (String reason : List.of("{\"reason\": \"lunch\"}", "")) {
            assertThat(bus.post("operator", path + "/pause", reason).text("status_reason"))
                    .isEqualTo("lunch");
            assertThat(bus.get("operator", path).text("status_reason")).isEqualTo("lunch");
        }
        assertThat(bus.post("operator", path + "/resume", "").text("status")).isEqualTo("active");
        assertThat(bus.delete("operator", path).status()).isEqualTo(204);
        assertThat(bus.delete("operator", path).status()).isEqualTo(404);
        assertThat(bus.get("operator", path).status()).isEqualTo(404);
        assertThat(bus.get("operator", "/subscriptions/none").status()).isEqualTo(404);
        assertThat(bus.get("player", path).status()).isEqualTo(403);
    }

    /** Everybody's routing waits for the transaction that changes a subscription. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatIsOwedIsDroppedInPartsBeforeTheChange(boolean rewinding) throws Exception {
        String id = webhook("http://127.0.0.1:9/hook", "").text("subscription_id");
        String path = "/subscriptions/" + id;
        bus.post("operator", path + "/pause", "");
        owe(id, 25_000);
        noteWhatIsDropped();

        Answer answer =
                rewinding
                        ? bus.post("operator", path + "/rewind", "{\"to\": \"now\"}")
                        : bus.delete("operator", path);

        assertThat(answer.status()).isEqualTo(rewinding ? 200 : 204);
        assertThat(numbers("SELECT rows FROM dropped WHERE tab = 'pending_deliveries' ORDER BY at"))
                .containsExactly(10_000, 10_000, 5_000);
        assertThat(
                        numbers(
                                "SELECT sum(rows) FROM dropped, bus.subscription_version v"
                                        + " WHERE transaction::text = v.xmin::text"))
                .containsExactly(rewinding ? 5_000 : 10_000);
        assertThat(numbers("SELECT rows FROM dropped WHERE tab = 'dead_letters' ORDER BY at"))
                .isEqualTo(rewinding ? List.of() : List.of(10_000, 10_000, 5_000));
    }

    /** The same transaction holds everybody's routing, so it must not do what is much. */
    @Test
    void whatWasTriedIsDueInPartsAfterTheEndpointWasChanged() throws Exception {
        String id = webhook("http://127.0.0.1:9/hook", "").text("subscription_id");
        String path = "/subscriptions/" + id;
        bus.post("operator", path + "/pause", "");
        owe(id, 25_001);
        execute(
                """
                UPDATE bus.pending_deliveries SET attempts = 1, due_at = 'infinity'
                WHERE subscription_id = '%1$s' AND id > 1;
                CREATE TABLE hurried (at serial, transaction xid, rows integer);
                CREATE OR REPLACE FUNCTION note_hurried() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    INSERT INTO hurried (transaction, rows) SELECT pg_current_xact_id()::xid, count(*) FROM now_due;
                    RETURN NULL;
                END $$;
                CREATE TRIGGER hurried AFTER UPDATE ON bus.pending_deliveries
                    REFERENCING NEW TABLE AS now_due FOR EACH STATEMENT EXECUTE FUNCTION note_hurried()
                """
                        .formatted(id));
        try (Connection listening = platform.connection();
                Statement listen = listening.createStatement()) {
            listen.execute("LISTEN jubilee_changes");

            Answer changed =
                    bus.patch("operator", path, "{\"endpoint\": \"http://127.0.0.1:9/b\"}");

            assertThat(changed.status()).isEqualTo(200);
            assertThat(numbers("SELECT rows FROM hurried ORDER BY at"))
                    .containsExactly(10_000, 10_000, 5_000);
            assertThat(
                            numbers(
                                    "SELECT count(*) FROM hurried, bus.subscription_version v"
                                            + " WHERE transaction::text = v.xmin::text"))
                    .containsExactly(0);
            assertThat(
                            numbers(
                                    "SELECT count(*) FROM bus.pending_deliveries WHERE due_at = 'infinity'"))
                    .containsExactly(0);
            assertThat(listening.unwrap(PGConnection.class).getNotifications(10_000))
                    .extracting(PGNotification::getParameter)
                    .contains("deliveries " + id);
        } finally {
            execute("DROP TRIGGER hurried ON bus.pending_deliveries");
            bus.delete("operator", path);
        }
    }

    /** What it is owed by then is of after the rewind. */
    @Test
    void aRewindThatIsRepeatedDropsNothing() throws Exception {
        String id = webhook("http://127.0.0.1:9/hook", "").text("subscription_id");
        String path = "/subscriptions/" + id;
        bus.post("operator", path + "/pause", "");
        String[] key = {"Idempotency-Key", "rewind-" + id};
        assertThat(bus.post("operator", path + "/rewind", "{\"to\": \"now\"}", key).status())
                .isEqualTo(200);
        owe(id, 10_001);

        assertThat(bus.post("operator", path + "/rewind", "{\"to\": \"now\"}", key).status())
                .isEqualTo(200);

        assertThat(
                        numbers(
                                "SELECT count(*) FROM bus.pending_deliveries WHERE subscription_id = '"
                                        + id
                                        + "'"))
                .containsExactly(10_001);
        bus.delete("operator", path);
    }

    /**
     * Pending deliveries, and as many dead letters. The statistics are of a time when no
     * subscription was owed more than one, as they may well be: a join of many rows with what
     * should be one is quadratic.
     */
    private static void owe(String id, int count) throws Exception {
        execute(
                """
                INSERT INTO bus.pending_deliveries (subscription_id, id, event_id, event_type, topic, priority, body,
                    due_at, taken, accepted_at)
                SELECT gen_random_uuid(), n, 'e' || n, 'game.kill', 'few', 1, '', now(), false, now()
                FROM generate_series(1, 2000) n;
                ANALYZE bus.pending_deliveries;
                DELETE FROM bus.pending_deliveries WHERE topic = 'few';
                INSERT INTO bus.pending_deliveries (subscription_id, id, event_id, event_type, topic, priority, body,
                    due_at, taken, accepted_at)
                SELECT '%1$s', n, 'e' || n, 'game.kill', 'none.at.all', 1, '', now(), false, now()
                FROM generate_series(1, %2$d) n;
                INSERT INTO bus.dead_letters (id, subscription_id, event_id, event_type, topic, priority, body,
                    attempts, reason, accepted_at, dead_at, copy_due)
                SELECT uuidv7(), '%1$s', 'e' || n, 'game.kill', 'none.at.all', 1, '', 1, 'no', now(), now(), false
                FROM generate_series(1, %2$d) n
                """
                        .formatted(id, count));
    }

    private static void noteWhatIsDropped() throws Exception {
        execute(
                """
                CREATE TABLE IF NOT EXISTS dropped (at serial, tab text, transaction xid, rows integer);
                TRUNCATE dropped;
                CREATE OR REPLACE FUNCTION note_dropped() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    INSERT INTO dropped (tab, transaction, rows)
                    SELECT TG_TABLE_NAME, pg_current_xact_id()::xid, count(*) FROM gone HAVING count(*) > 0;
                    RETURN NULL;
                END $$;
                CREATE OR REPLACE TRIGGER dropped AFTER DELETE ON bus.pending_deliveries
                    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_dropped();
                CREATE OR REPLACE TRIGGER dropped AFTER DELETE ON bus.dead_letters
                    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_dropped()
                """);
    }

    private static void execute(String sql) throws Exception {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static List<Integer> numbers(String sql) throws Exception {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            List<Integer> found = new ArrayList<>();
            while (row.next()) {
                found.add(row.getInt(1));
            }
            return found;
        }
    }

    @Test
    void nothingBeginsAtATimeThatNoEventHas() {
        String path = topicOfItsOwn();
        for (String time : List.of("+999999999-01-01T00:00:00Z", "-0001-01-01T00:00:00Z")) {
            Answer refused =
                    bus.post(
                            "service",
                            "/subscriptions",
                            "{\"service_name\": \"far\", \"method\": \"sse\", \"start_from\": \""
                                    + time
                                    + "\"}");
            assertThat(refused.status()).as(time).isEqualTo(422);
            assertThat(refused.body().at("/errors/0/field").asString("")).isEqualTo("start_from");
            assertThat(bus.post("service", path + "/rewind", "{\"to\": \"" + time + "\"}").status())
                    .as(time)
                    .isEqualTo(422);
        }
    }

    /** A subscription of a topic that is there, as its path. */
    private static String topicOfItsOwn() {
        String topic = platform.topic("far.away");
        bus.post("operator", "/topics", "{\"name\": \"" + topic + "\", \"partitions\": 1}");
        Answer made =
                bus.post(
                        "service",
                        "/subscriptions",
                        "{\"service_name\": \"far\", \"method\": \"sse\", \"topic_pattern\": \""
                                + topic
                                + "\"}");
        assertThat(made.status()).isEqualTo(201);
        return "/subscriptions/" + made.text("subscription_id");
    }

    @Test
    void theListIsNarrowedAndPaged() {
        for (int i = 0; i < 3; i++) {
            bus.post("service", "/subscriptions", "{\"service_name\": \"paged\"}");
        }
        Answer page = bus.get("service", "/subscriptions?service_name=paged&limit=2&page=2");
        assertThat(page.body()).hasSize(1);
        assertThat(page.headers().firstValue("X-Total-Count")).hasValue("3");
        assertThat(bus.get("service", "/subscriptions?status=nonsense").status()).isEqualTo(422);
    }

    /** JSON in a text is one token to the body around it. */
    @ParameterizedTest
    @ValueSource(strings = {"filter", "event"})
    void jsonInATextMayBeAsMuchAsThatOfABody(String field) {
        String other = field.equals("filter") ? "event" : "filter";
        String body =
                "{\"%s\": {\"event_type\": \"game.kill\"}, \"%s\": \"[%s{}]\"}"
                        .formatted(other, field, "{},".repeat(200_000));
        Answer refused = bus.post("service", "/subscriptions/filter/test", body);
        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.body().at("/errors/0/field").stringValue()).isEqualTo(field);
        assertThat(refused.body().at("/errors/0/message").stringValue()).contains("Token count");
    }

    @Test
    void aFilterIsTriedBeforeItIsSaved() {
        Answer tried =
                bus.post(
                        "service",
                        "/subscriptions/filter/test",
                        """
                        {"filter": {"event_type": "game.kill", "data": {"weapon": ["bow", {"prefix": "sw"}],
                                    "distance": [{"numeric": [">", 100]}]}},
                         "event": {"event_type": "game.kill", "data": {"weapon": "sword", "distance": 50}}}
                        """);
        assertThat(tried.body().get("matches").booleanValue()).isFalse();
        assertThat(tried.body().get("mismatches")).hasSize(1);
        assertThat(tried.body().get("mismatches").get(0).get("field").stringValue())
                .isEqualTo("data.distance");
        assertThat(tried.body().get("mismatches").get(0).get("expected").stringValue())
                .isEqualTo("a number > 100");
        assertThat(tried.body().get("mismatches").get(0).get("actual").intValue()).isEqualTo(50);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // A CloudEvent, the body of a publish request, and an event as the bus answers it.
                """
                {"specversion": "1.0", "id": "e1", "type": "game.kill", "time": "2026-01-05T00:00:00Z",
                 "partitionkey": "ann", "data": {"a": 1}}\
                """,
                """
                {"event_id": "e1", "event_type": "game.kill", "timestamp": "2026-01-05T00:00:00Z", "partition_key": "ann",
                 "payload": {"a": 1}}\
                """,
                """
                {"event_id": "e1", "event_type": "game.kill", "timestamp": "2026-01-05T00:00:00Z", "key": "ann",
                 "payload": "{\\"a\\": 1}"}\
                """
            })
    void aSampleIsSeenAsTheEventWouldBe(String sample) {
        String all =
                """
                {"event_id": "e1", "event_type": "game.kill", "key": "ann", "timestamp": [{"prefix": "2026-01"}],
                 "data": {"a": [1]}, "payload": {"a": [1]}}\
                """;
        assertThat(matches(all, sample)).isTrue();
        assertThat(matches("{\"time\": [{\"prefix\": \"2026-01\"}]}", sample)).isFalse();
        assertThat(matches("{\"payload\": {\"a\": [2]}}", sample)).isFalse();
    }

    private static boolean matches(String filter, String sample) {
        String body = "{\"filter\": " + filter + ", \"event\": " + sample + "}";
        return bus.post("service", "/subscriptions/filter/test", body)
                .body()
                .get("matches")
                .booleanValue();
    }

    private static Answer webhook(String endpoint, String more) {
        return bus.post(
                "service",
                "/subscriptions",
                "{\"service_name\": \"s\", \"method\": \"webhook\", \"topic_pattern\": \"none.at.all\","
                        + " \"endpoint\": \""
                        + endpoint
                        + "\""
                        + more
                        + "}");
    }
}
