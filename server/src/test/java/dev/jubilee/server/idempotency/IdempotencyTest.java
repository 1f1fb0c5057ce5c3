package dev.jubilee.server.idempotency;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.EdgeServer;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.security.Access;
import dev.jubilee.server.security.Authenticator;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import dev.jubilee.server.testing.Platform;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collections;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class IdempotencyTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Authenticator BY_NAME =
            new Authenticator() {
                @Override
                public Principal cached(String authorization) {
                    return new Principal(authorization, Role.SERVICE);
                }

                @Override
                public Principal authenticate(String authorization) {
                    return cached(authorization);
                }
            };

    private final AtomicInteger failures = new AtomicInteger();
    private HikariDataSource pool;
    private Idempotency idempotency;
    private EdgeServer server;

    @BeforeAll
    void start() throws SQLException {
        pool = new HikariDataSource();
        pool.setJdbcUrl(platform.databaseUrl());
        pool.setUsername(platform.user());
        pool.setPassword(platform.password());
        pool.setMaximumPoolSize(20);
        Database database = new Database(pool);
        database.transaction(connection ->
                connection
                        .createStatement()
                        .execute(
                                "CREATE TABLE effects (id int GENERATED ALWAYS AS IDENTITY, name text)"));
        idempotency = new Idempotency(database, platform.clock(), Duration.ofHours(24));
        server = new EdgeServer(BY_NAME, this::routes);
    }

    @AfterAll
    void stop() {
        server.close();
        idempotency.close();
        pool.close();
    }

    private void routes(Router router) {
        router.post(
                        "/effects",
                        Access.SERVICE,
                        call -> idempotency.once(call, c -> effect(c, call)))
                .post(
                        "/other",
                        Access.SERVICE,
                        call -> idempotency.once(call, c -> effect(c, call)))
                .post(
                        "/fails-once",
                        Access.SERVICE,
                        call -> idempotency.once(call, c -> fail(c, call)));
    }

    private static Reply effect(Connection connection, Call call) throws SQLException {
        String name = call.json().path("name").stringValue("");
        try (var insert =
                connection.prepareStatement("INSERT INTO effects (name) VALUES (?) RETURNING id")) {
            insert.setString(1, name);
            var row = insert.executeQuery();
            row.next();
            return Reply.created(Map.of("id", row.getInt(1))).with("Location", "/effects/1");
        }
    }

    private Reply fail(Connection connection, Call call) throws SQLException {
        Reply reply = effect(connection, call);
        if (failures.incrementAndGet() == 1) {
            throw Problem.conflict("not_yet", "Not yet.").asException();
        }
        return reply;
    }

    private HttpResponse<String> post(String path, String name, @Nullable String key, String who)
            throws Exception {
        String body = "{\"name\":\"" + name + "\"}";
        return key == null
                ? server.post(path, body, "Authorization", who)
                : server.post(path, body, "Authorization", who, "Idempotency-Key", key);
    }

    private int effects(String name) throws SQLException {
        try (var connection = platform.connection();
                var select =
                        connection.prepareStatement(
                                "SELECT count(*) FROM effects WHERE name = ?")) {
            select.setString(1, name);
            var row = select.executeQuery();
            row.next();
            return row.getInt(1);
        }
    }

    @Test
    void aRepetitionGetsTheStoredAnswer() throws Exception {
        HttpResponse<String> first = post("/effects", "once", "k1", "s");
        HttpResponse<String> second = post("/effects", "once", "k1", "s");
        assertThat(second.statusCode()).isEqualTo(201);
        assertThat(second.body()).isEqualTo(first.body());
        assertThat(second.headers().firstValue("Location")).hasValue("/effects/1");
        assertThat(second.headers().firstValue("Content-Type")).hasValue("application/json");
        assertThat(second.headers().firstValue("Idempotent-Replayed")).hasValue("true");
        assertThat(first.headers().firstValue("Idempotent-Replayed")).isEmpty();
        assertThat(effects("once")).isEqualTo(1);
    }

    @Test
    void withoutAKeyEveryRequestCounts() throws Exception {
        post("/effects", "free", null, "s");
        post("/effects", "free", null, "s");
        assertThat(effects("free")).isEqualTo(2);
    }

    @Test
    void anotherBodyOrPathUnderTheSameKeyIsRefused() throws Exception {
        post("/effects", "first", "k2", "s");
        for (HttpResponse<String> reused :
                java.util.List.of(
                        post("/effects", "second", "k2", "s"),
                        post("/other", "first", "k2", "s"))) {
            assertThat(reused.statusCode()).isEqualTo(422);
            assertThat(Json.tree(reused.body()).path("code").stringValue())
                    .isEqualTo("idempotency_key_reused");
        }
        assertThat(effects("second")).isZero();
        assertThat(effects("first")).isEqualTo(1);
    }

    @Test
    void keysOfDifferentCallersAreDifferent() throws Exception {
        post("/effects", "shared", "k3", "one");
        assertThat(post("/effects", "shared", "k3", "two").statusCode()).isEqualTo(201);
        assertThat(effects("shared")).isEqualTo(2);
    }

    @Test
    void aRefusalIsNotStoredAndItsEffectIsUndone() throws Exception {
        assertThat(post("/fails-once", "later", "k4", "s").statusCode()).isEqualTo(409);
        assertThat(effects("later")).isZero();
        assertThat(post("/fails-once", "later", "k4", "s").statusCode()).isEqualTo(201);
        assertThat(effects("later")).isEqualTo(1);
    }

    @Test
    void ofManyAtTheSameMomentOneRunsAndAllGetItsAnswer() throws Exception {
        for (int round = 0; round < 30; round++) {
            String name = "race-" + round;
            Set<String> answers = Collections.synchronizedSet(new HashSet<>());
            CyclicBarrier barrier = new CyclicBarrier(8);
            CountDownLatch done = new CountDownLatch(8);
            for (int i = 0; i < 8; i++) {
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                barrier.await();
                                answers.add(post("/effects", name, name, "s").body());
                            } catch (Exception e) {
                                answers.add(e.toString());
                            } finally {
                                done.countDown();
                            }
                        });
            }
            done.await();
            assertThat(answers).hasSize(1);
            assertThat(effects(name)).isEqualTo(1);
        }
    }

    @Test
    void aKeyThatIsNoneIsRefused() throws Exception {
        assertThat(post("/effects", "none", "x".repeat(256), "s").statusCode()).isEqualTo(400);
        assertThat(post("/effects", "none", "x".repeat(255), "s").statusCode()).isEqualTo(201);
    }

    @Test
    void keysAreForgottenAfterADay() throws Exception {
        post("/effects", "kept", "k5", "s");
        platform.clock().advance(Duration.ofHours(23));
        idempotency.purge();
        post("/effects", "kept", "k5", "s");
        assertThat(effects("kept")).isEqualTo(1);
        platform.clock().advance(Duration.ofHours(2));
        assertThat(idempotency.purge()).isPositive();
        post("/effects", "kept", "k5", "s");
        assertThat(effects("kept")).isEqualTo(2);
    }
}
