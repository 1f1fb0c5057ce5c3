package dev.jubilee.server.bus.delivery.attempts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.database.Database;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class AttemptReadsTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");

    @BeforeAll
    static void begin() {
        AttemptStore.partitions(new Database(platform.dataSource())).ensure(NOW);
    }

    @Test
    void attemptsWithLargeAnswersComeInPartsAndEachOnce() throws SQLException {
        attempts("large", 6, 300_000);

        List<AttemptReads.Part> parts = parts("large");

        assertThat(parts).extracting(AttemptReadsTest::numbers).containsExactly("1 2 3 4", "5 6");
        assertThat(parts).allMatch(part -> statuses(part).equals("a delivered"));
    }

    @Test
    void manyAttemptsComeInPartsAndEachOnce() throws SQLException {
        attempts("many", 1_500, 1);

        List<AttemptReads.Part> parts = parts("many");

        assertThat(parts)
                .extracting(part -> part.standings().getFirst().attempts().size())
                .containsExactly(1_000, 500);
    }

    @Test
    void theFirstPartNamesWhoIsOwedTheEventAndWasNeverTried() throws SQLException {
        attempts("owed", 6, 300_000);
        UUID other = UUID.randomUUID();
        execute(
                """
                INSERT INTO bus.pending_deliveries (subscription_id, id, event_id, event_type, topic, priority, body,
                    due_at, taken, accepted_at)
                VALUES ('%s', 1, 'owed', 'game.kill', 't', 1, '', now(), false, now())
                """
                        .formatted(other));

        assertThat(parts("owed"))
                .extracting(AttemptReadsTest::statuses)
                .containsExactly("a delivered, " + other + " pending", "a delivered");
    }

    @Test
    void whatWasDroppedWithoutBeingGivenUpIsNotDead() throws SQLException {
        attempt("dropped", "a", "failed", "12.5");
        attempt("dropped", "b", "failed", "NULL");
        attempt("dropped", "b", "dead", "NULL");

        AttemptReads.Part part = parts("dropped").getFirst();

        assertThat(statuses(part)).isEqualTo("a dropped, b dead");
        assertThat(part.standings().getFirst().attempts().getFirst().durationMs()).isEqualTo(12.5);
        assertThat(part.standings().getLast().attempts().getFirst().durationMs()).isNull();
    }

    private static void attempt(String event, String subscription, String status, String took)
            throws SQLException {
        execute(
                """
                INSERT INTO bus.event_deliveries (id, event_id, subscription_id, attempt_number, status, method,
                    duration_ms, delivered_at, is_last_attempt)
                VALUES (uuidv7(), '%s', '%s', 1, '%s', 'webhook', %s, '%s', %s)
                """
                        .formatted(event, subscription, status, took, NOW, status.equals("dead")));
    }

    private static String numbers(AttemptReads.Part part) {
        return String.join(
                " ",
                part.standings().getFirst().attempts().stream()
                        .map(one -> String.valueOf(one.attemptNumber()))
                        .toList());
    }

    private static String statuses(AttemptReads.Part part) {
        return String.join(
                ", ",
                part.standings().stream()
                        .map(one -> one.subscriptionId() + " " + one.status())
                        .toList());
    }

    private static List<AttemptReads.Part> parts(String event) throws SQLException {
        List<AttemptReads.Part> parts = new ArrayList<>();
        try (Connection connection = platform.connection()) {
            UUID after = null;
            do {
                AttemptReads.Part part = AttemptReads.ofEvent(connection, event, after);
                parts.add(part);
                after = part.next();
            } while (after != null);
        }
        return parts;
    }

    /** Of one subscription; only the last one succeeds. */
    private static void attempts(String event, int count, int size) throws SQLException {
        execute(
                """
                INSERT INTO bus.event_deliveries (id, event_id, subscription_id, attempt_number, status, method, response,
                    delivered_at, is_last_attempt)
                SELECT uuidv7(n * interval '1 second'), '%1$s', 'a', n,
                    CASE WHEN n = %2$d THEN 'delivered' ELSE 'failed' END, 'webhook', repeat('x', %3$d), '%4$s', n = %2$d
                FROM generate_series(1, %2$d) n
                """
                        .formatted(event, count, size, NOW));
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
