package dev.jubilee.server.liveops.rewards;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.liveops.Scene;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class GrantExpiryTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final int PART = 2;
    private static final Instant DUE = Scene.END.plus(Scene.CLAIM_TIMEOUT);
    private static int number;

    private Scene scene;
    private Occurrence occurrence;
    private GrantExpiry expiry;

    @BeforeEach
    void begin() {
        scene = new Scene(platform);
        occurrence = scene.occurrence("expiring_" + ++number, 10, "{}", "[]");
        expiry = new GrantExpiry(scene.database(), scene.clock(), Scene.CLAIM_TIMEOUT, PART);
    }

    @AfterEach
    void finish() {
        scene.clock().set(Scene.START);
        scene.close();
    }

    @Test
    void whatWasClaimedIsNotLookedAtForEver() {
        grants(5);
        scene.run(
                "UPDATE liveops.grants SET status = 'claimed' WHERE event_id = ? AND user_id <> 'u2'",
                occurrence.eventId());

        scene.clock().set(DUE.minusMillis(1));
        assertThat(expiry.run()).isZero();
        assertThat(ofAll("expires_at IS NOT NULL")).containsOnly("t");
        scene.clock().set(DUE);
        assertThat(expiry.run()).isEqualTo(1);

        assertThat(ofAll("status"))
                .containsExactly("claimed", "claimed", "expired", "claimed", "claimed");
        assertThat(ofAll("expires_at IS NULL")).containsOnly("t");
        assertThat(writtenTogether()).containsExactly("1", "2", "2");
    }

    @Test
    void whatWouldExpireTooEarlyIsPutRightInParts() {
        grants(5);
        Instant later = moveEnd();

        scene.clock().set(DUE.minusSeconds(1));
        assertThat(expiry.run()).isZero();

        assertThat(ofAll("expires_at = '" + later + "'")).hasSize(5).containsOnly("t");
        assertThat(writtenTogether()).containsExactly("1", "2", "2");
    }

    @Test
    void whatShouldHaveExpiredTooEarlyWhileThePlatformWasDownIsPutRight() {
        grants(5);
        Instant later = moveEnd();

        scene.clock().set(DUE.plusSeconds(60));
        assertThat(expiry.run()).isZero();

        assertThat(ofAll("status || (expires_at = '" + later + "')"))
                .hasSize(5)
                .containsOnly("earnedtrue");
        scene.clock().set(later);
        assertThat(expiry.run()).isEqualTo(5);
    }

    @Test
    void whatClaimsHoldExpiresOnceTheyLetGoHoweverLateThatIs() throws SQLException {
        grants(5);
        try (Connection claims = scene.database().dataSource().getConnection();
                Statement statement = claims.createStatement()) {
            claims.setAutoCommit(false);
            statement.execute("SELECT FROM liveops.grants FOR UPDATE");
            scene.clock().set(DUE);
            assertThat(expiry.run()).isZero();
            scene.clock().set(DUE.plusSeconds(30));
            assertThat(expiry.run()).isZero();
            claims.rollback();
            claims.setAutoCommit(true);
        }

        scene.clock().set(DUE.plusSeconds(60));

        assertThat(expiry.run()).isEqualTo(5);
    }

    @Test
    void whatIsHeldForLongHoldsNothingElseUp() throws SQLException {
        grants(5);
        scene.run(
                "UPDATE liveops.grants SET expires_at = expires_at - interval '1 s'"
                        + " WHERE event_id = ? AND user_id IN ('u0', 'u1')",
                occurrence.eventId());
        try (Connection claims = scene.database().dataSource().getConnection();
                Statement statement = claims.createStatement()) {
            claims.setAutoCommit(false);
            statement.execute(
                    "SELECT FROM liveops.grants WHERE user_id IN ('u0', 'u1') FOR UPDATE");
            scene.clock().set(DUE);

            assertThat(expiry.run()).isEqualTo(3);

            claims.rollback();
            claims.setAutoCommit(true);
        }
        assertThat(expiry.run()).isEqualTo(2);
    }

    /** As one that nobody has followed yet. */
    private Instant moveEnd() {
        scene.run(
                "UPDATE liveops.occurrences SET ends_at = ends_at + interval '2 hours' WHERE event_id = ?",
                occurrence.eventId());
        return DUE.plus(Duration.ofHours(2));
    }

    /** Of u0 and so on, by the planned end. */
    private void grants(int count) {
        scene.run(
                """
                INSERT INTO liveops.grants (id, occurrence_id, event_id, user_id, reward_id, status, reward_type,
                       reward_value, earned_at, expires_at)
                SELECT gen_random_uuid(), occurrence_id, event_id, 'u' || n, 'prize', 'earned', 'gold', '{}', starts_at,
                       ?::timestamptz
                  FROM liveops.occurrences, generate_series(0, ?::integer - 1) n WHERE event_id = ?
                """,
                DUE,
                count,
                occurrence.eventId());
    }

    private List<String> ofAll(String expression) {
        return scene.column(
                "SELECT " + expression + " FROM liveops.grants WHERE event_id = ? ORDER BY user_id",
                occurrence.eventId());
    }

    private List<String> writtenTogether() {
        return scene.column(
                "SELECT count(*) FROM liveops.grants WHERE event_id = ? GROUP BY xmin ORDER BY 1",
                occurrence.eventId());
    }
}
