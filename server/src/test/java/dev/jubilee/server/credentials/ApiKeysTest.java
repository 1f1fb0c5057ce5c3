package dev.jubilee.server.credentials;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.testing.Platform;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class ApiKeysTest {
    @RegisterExtension static final Platform platform = new Platform();

    @TempDir Path home;
    private Instance one;

    @BeforeEach
    void start() {
        one = new Instance(platform, home, Instance.SETTINGS, true);
    }

    @AfterEach
    void stop() {
        one.close();
    }

    private JsonNode make(String name, String role, String... headers) throws Exception {
        List<String> all = new ArrayList<>(List.of("Authorization", one.asAdmin()));
        all.addAll(List.of(headers));
        HttpResponse<String> made =
                one.server.post(
                        "/keys",
                        "{\"name\":\"" + name + "\",\"role\":\"" + role + "\"}",
                        all.toArray(String[]::new));
        assertThat(made.statusCode()).isEqualTo(201);
        return Json.tree(made.body());
    }

    private int revoke(JsonNode key) throws Exception {
        return one.server
                .send(
                        "DELETE",
                        "/keys/" + key.path("key_id").stringValue(),
                        "",
                        "Authorization",
                        one.asAdmin())
                .statusCode();
    }

    private static String bearer(JsonNode key) {
        return "Bearer " + key.path("key").stringValue();
    }

    @Test
    void theFirstAdminKeyIsTheOneLineOfAFileForItsOwnerAlone() throws Exception {
        assertThat(Files.readAllLines(one.adminKeyFile))
                .singleElement()
                .asString()
                .matches("jbl_admin_[A-Za-z0-9_-]{43}");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(one.adminKeyFile)))
                .isEqualTo("rw-------");
        assertThat(one.server.get("/me", "Authorization", one.asAdmin()).body())
                .contains("\"role\":\"admin\"");
    }

    @Test
    void aRestartKeepsTheAdminKeyAndALostFileReplacesIt() throws Exception {
        String first = one.adminKey();
        try (Instance again = new Instance(platform, home, Instance.SETTINGS, true)) {
            assertThat(again.adminKey()).isEqualTo(first);
        }
        Files.delete(one.adminKeyFile);
        try (Instance again = new Instance(platform, home, Instance.SETTINGS, true)) {
            assertThat(again.adminKey()).isNotEqualTo(first);
            assertThat(again.statusOf(again.asAdmin())).isEqualTo(200);
            assertThat(again.statusOf("Bearer " + first)).isEqualTo(401);
        }
    }

    @Test
    void anInstanceThatSharesTheDatabaseLeavesTheKeysOfOthersAlone(@TempDir Path elsewhere)
            throws Exception {
        try (Instance two = new Instance(platform, elsewhere, Instance.SETTINGS, false)) {
            assertThat(two.adminKeyFile).doesNotExist();
            assertThat(two.statusOf(one.asAdmin())).isEqualTo(200);
        }
    }

    @Test
    void theDatabaseKnowsOnlyTheHashOfAKey() throws Exception {
        JsonNode key = make("match server", "service");
        String secret = key.path("key").stringValue();
        try (var connection = platform.connection();
                var select =
                        connection.prepareStatement(
                                "SELECT hash = sha256(?::bytea), api_keys::text FROM platform.api_keys"
                                        + " WHERE key_id = ?::uuid")) {
            select.setBytes(1, secret.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            select.setString(2, key.path("key_id").stringValue());
            var row = select.executeQuery();
            row.next();
            assertThat(row.getBoolean(1)).isTrue();
            assertThat(row.getString(2)).doesNotContain(secret.substring(12));
        }
    }

    @Test
    void aRevokedKeyIsRefusedEverywhereWithinASecond(@TempDir Path elsewhere) throws Exception {
        try (Instance two = new Instance(platform, elsewhere, Instance.SETTINGS, false)) {
            assertWithinASecond(() -> {
                JsonNode key = make("doomed", "service");
                assertThat(two.statusOf(bearer(key))).isEqualTo(200);
                assertThat(revoke(key)).isEqualTo(204);
                assertThat(one.statusOf(bearer(key))).isEqualTo(401);
                Duration took = untilRefused(two, key);
                assertThat(revoke(key)).isEqualTo(204);
                return took;
            });
        }
    }

    @Test
    void aRevokedKeyIsRefusedWithinASecondEvenWhenTheNewsIsLost() throws Exception {
        assertWithinASecond(() -> {
            JsonNode key = make("doomed silently", "service");
            assertThat(one.statusOf(bearer(key))).isEqualTo(200);
            execute(
                    "UPDATE platform.api_keys SET revoked_at = now() WHERE key_id = '"
                            + key.path("key_id").stringValue()
                            + "'");
            return untilRefused(one, key);
        });
    }

    /** Where the machine is slow now and then, most of them are quick. */
    private static void assertWithinASecond(Callable<Duration> revocation) throws Exception {
        List<Duration> took = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            took.add(revocation.call());
        }
        Collections.sort(took);
        assertThat(took.get(2)).as("the median of " + took).isLessThan(Duration.ofSeconds(1));
    }

    private static Duration untilRefused(Instance where, JsonNode key) {
        long start = System.nanoTime();
        Await.until("it is refused", () -> where.statusOf(bearer(key)) == 401);
        return Duration.ofNanos(System.nanoTime() - start);
    }

    @Test
    void aKeyIsValidOnAnotherInstanceTheMomentItIsMade(@TempDir Path elsewhere) throws Exception {
        try (Instance two = new Instance(platform, elsewhere, Instance.SETTINGS, false)) {
            for (int i = 0; i < 20; i++) {
                assertThat(two.statusOf(bearer(make("fresh " + i, "operator")))).isEqualTo(200);
            }
        }
    }

    @Test
    void aFloodOfUnknownKeysDoesNotReachTheDatabase() throws Exception {
        long before = readings();
        long started = System.nanoTime();
        List<Thread> flood = new ArrayList<>();
        Set<Object> answers = java.util.Collections.synchronizedSet(new HashSet<>());
        for (int i = 0; i < 2_000; i++) {
            String key = "Bearer jbl_service_" + String.format("%043d", i);
            flood.add(
                    Thread.ofVirtual()
                            .start(() -> answers.add(one.credentials.authenticate(key) == null)));
        }
        for (Thread thread : flood) {
            thread.join();
        }
        double seconds = (System.nanoTime() - started) / 1e9;
        assertThat(answers).containsExactly(true);
        // Twenty a second at most, and those of the chores.
        assertThat(readings() - before).isLessThan((long) (10 + 25 * seconds));
    }

    @Test
    void theLastAdminKeyCannotBeRevoked() throws Exception {
        JsonNode keys = Json.tree(one.server.get("/keys", "Authorization", one.asAdmin()).body());
        JsonNode admin = null;
        for (JsonNode key : keys.path("keys")) {
            boolean valid =
                    key.path("role").stringValue().equals("admin") && !key.has("revoked_at");
            admin = valid ? key : admin;
            assertThat(key.has("key")).isFalse();
        }
        assertThat(admin).isNotNull();
        assertThat(revoke(java.util.Objects.requireNonNull(admin))).isEqualTo(409);
        assertThat(one.statusOf(one.asAdmin())).isEqualTo(200);
    }

    @Test
    void onlyAnAdminMakesKeys() throws Exception {
        for (String role : List.of("operator", "service")) {
            HttpResponse<String> refused =
                    one.server.post(
                            "/keys",
                            "{\"name\":\"x\",\"role\":\"admin\"}",
                            "Authorization",
                            bearer(make(role, role)));
            assertThat(refused.statusCode()).isEqualTo(403);
        }
        assertThat(one.server.post("/keys", "{}").statusCode()).isEqualTo(401);
        HttpResponse<String> player =
                one.server.post(
                        "/keys",
                        "{\"name\":\"x\",\"role\":\"player\"}",
                        "Authorization",
                        one.asAdmin());
        assertThat(player.statusCode()).isEqualTo(422);
    }

    @Test
    void aRepeatedCreationMakesOneKeyAndStoresNoSecret() throws Exception {
        JsonNode first = make("once", "service", "Idempotency-Key", "make-once");
        JsonNode second = make("once", "service", "Idempotency-Key", "make-once");
        assertThat(second.path("key_id")).isEqualTo(first.path("key_id"));
        assertThat(second.has("key")).isFalse();
        assertThat(one.statusOf(bearer(first))).isEqualTo(200);
    }

    @Test
    void everyKeyThatIsMadeOrRevokedIsInTheAuditLogWhichCannotBeChanged() throws Exception {
        JsonNode key = make("audited", "service");
        revoke(key);
        try (var connection = platform.connection();
                var select =
                        connection.prepareStatement(
                                "SELECT string_agg(action, ' ' ORDER BY id) FROM platform.audit_log"
                                        + " WHERE target = ?")) {
            select.setString(1, key.path("key_id").stringValue());
            var row = select.executeQuery();
            row.next();
            assertThat(row.getString(1)).isEqualTo("key.create key.revoke");
        }
        for (String change :
                List.of(
                        "DELETE FROM platform.audit_log",
                        "UPDATE platform.audit_log SET action = 'x'",
                        "TRUNCATE platform.audit_log")) {
            assertThat(org.assertj.core.api.Assertions.catchThrowable(() -> execute(change)))
                    .hasMessageContaining("append-only");
        }
    }

    private long readings() throws SQLException {
        try (var connection = platform.connection();
                var select =
                        connection
                                .createStatement()
                                .executeQuery(
                                        "SELECT seq_scan + coalesce(idx_scan, 0) FROM"
                                                + " pg_stat_user_tables WHERE relname = 'api_keys'")) {
            select.next();
            return select.getLong(1);
        }
    }

    private static void execute(String sql) throws SQLException {
        try (var connection = platform.connection();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
