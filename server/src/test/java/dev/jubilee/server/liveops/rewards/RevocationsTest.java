package dev.jubilee.server.liveops.rewards;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.liveops.Scene;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.liveops.rewards.ClaimResult.Reason;
import dev.jubilee.server.liveops.rewards.Revocations.Result;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RevocationsTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Principal ADMIN = new Principal("key-1", Role.ADMIN);
    private static int number;

    private Scene scene;
    private String eventId;
    private Occurrence occurrence;
    private Revocations revocations;

    @BeforeEach
    void set() {
        scene = new Scene(platform);
        eventId = "event_" + ++number;
        revocations = new Revocations(new Audit(scene.clock()), scene.clock());
        occurrence =
                scene.occurrence(
                        eventId,
                        1000,
                        "{}",
                        """
                        [{"max_claims": 60, "reward_id": "prize", "reward_type": "gold", "reward_value": {"amount": 5},
                          "reward_condition": {"on": "complete"}}]\
                        """);
    }

    @AfterEach
    void strike() {
        scene.clock().set(Scene.START);
        scene.close();
    }

    @Test
    void whatWasRevokedCannotBeClaimedAndIsNotMadeAgain() {
        UUID grant = earn("ann");
        assertThat(revoke(grant)).isInstanceOf(Result.Revoked.class);
        assertThat(claim("ann")).isEqualTo(new ClaimResult.Refused(Reason.NOT_EARNED));
        assertThat(earn("ann")).isEqualTo(grant);
        assertThat(status("ann")).isEqualTo("revoked");
    }

    @Test
    void aSecondRevocationAnswersAlikeAndTellsOfNothing() {
        UUID grant = earn("ann");
        assertThat(revoke(grant)).isEqualTo(revoke(grant));
        assertThat(
                        scene.column(
                                "SELECT principal || ' ' || (detail ->> 'was') || ' ' || (detail ->> 'reason')"
                                        + " FROM platform.audit_log WHERE action = 'grant.revoke' AND target = ?",
                                grant))
                .containsExactly("key-1 earned it was a mistake");
        assertThat(told("liveops.reward.revoked")).isEqualTo("1");
    }

    @Test
    void aClaimThatIsRevokedLeavesItsPlaceUnderTheCapTaken() {
        UUID grant = earn("ann");
        assertThat(claim("ann")).isInstanceOf(ClaimResult.Claimed.class);
        assertThat(revoke(grant)).isInstanceOf(Result.Revoked.class);
        assertThat(status("ann")).isEqualTo("revoked");
        assertThat(
                        scene.value(
                                "SELECT current_claims FROM liveops.occurrence_rewards WHERE event_id = ?",
                                eventId))
                .isEqualTo("1");
    }

    @Test
    void whatHasExpiredStaysExpired() {
        UUID grant = earn("ann");
        scene.clock().set(Scene.END.plus(Scene.CLAIM_TIMEOUT));
        assertThat(scene.rewards().expire()).isEqualTo(1);
        assertThat(revoke(grant)).isInstanceOf(Result.Refused.class);
        assertThat(status("ann")).isEqualTo("expired");
        assertThat(revoke(UUID.randomUUID())).isEqualTo(new Result.Unknown());
    }

    @Test
    void aClaimAndARevocationAtTheSameMomentEndRevokedAndTellOfEachThatHappened() throws Exception {
        long claims = 0;
        for (int round = 0; round < 50; round++) {
            String user = "user_" + round;
            UUID grant = earn(user);
            CyclicBarrier barrier = new CyclicBarrier(2);
            CompletableFuture<ClaimResult> claim =
                    CompletableFuture.supplyAsync(() -> {
                        await(barrier);
                        return claim(user);
                    });
            await(barrier);
            assertThat(revoke(grant)).isInstanceOf(Result.Revoked.class);
            claims += claim.get() instanceof ClaimResult.Claimed ? 1 : 0;
            assertThat(status(user)).isEqualTo("revoked");
        }
        assertThat(told("liveops.reward.revoked")).isEqualTo("50");
        assertThat(told("liveops.reward.claimed")).isEqualTo(Long.toString(claims));
        assertThat(
                        scene.value(
                                """
                                SELECT count(*) FROM platform.audit_log
                                 WHERE action = 'grant.revoke' AND detail ->> 'was' = 'claimed'
                                   AND detail ->> 'event_id' = ?\
                                """,
                                eventId))
                .isEqualTo(Long.toString(claims));
    }

    @ParameterizedTest
    @CsvSource({"revoked, NOT_EARNED", "expired, EXPIRED"})
    void aClaimThatMeetsWhatTakesTheGrantAwaySeesItGone(String status, Reason reason)
            throws Exception {
        UUID grant = earn("ann");
        CompletableFuture<ClaimResult> claim;
        try (Connection other = platform.connection();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute(
                    "UPDATE liveops.grants SET status = '"
                            + status
                            + "' WHERE id = '"
                            + grant
                            + "'");
            claim = CompletableFuture.supplyAsync(() -> claim("ann"));
            Await.until(
                    "it has seen the grant as it was, and waits",
                    () ->
                            !scene.value("SELECT count(*) FROM pg_locks WHERE NOT granted")
                                    .equals("0"));
            other.commit();
        }
        assertThat(claim.get()).isEqualTo(new ClaimResult.Refused(reason));
        assertThat(status("ann")).isEqualTo(status);
        assertThat(told("liveops.reward.claimed")).isEqualTo("0");
        assertThat(
                        scene.column(
                                "SELECT current_claims FROM liveops.occurrence_rewards WHERE event_id = ?",
                                eventId))
                .isSubsetOf("0");
    }

    @Test
    void theEventAndItsRewardCountWhatTheirOccurrencesCount() throws Exception {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("UPDATE liveops.occurrences SET current_participants = 3");
        }
        for (String user : List.of("ann", "bob", "cat")) {
            earn(user);
        }
        claim("ann");
        claim("cat");

        assertThat(
                        scene.value(
                                "SELECT current_participants FROM liveops.events WHERE event_id = ?",
                                eventId))
                .isEqualTo("3");
        assertThat(
                        scene.value(
                                "SELECT current_claims FROM liveops.event_rewards WHERE event_id = ?",
                                eventId))
                .isEqualTo("2");
    }

    @Test
    void aRevocationThatMeetsAClaimWaitsForItAndNamesIt() throws Exception {
        UUID grant = earn("ann");
        CompletableFuture<Result> revocation;
        try (Connection claim = platform.connection();
                Statement statement = claim.createStatement()) {
            claim.setAutoCommit(false);
            statement.execute(
                    "UPDATE liveops.grants SET status = 'claimed' WHERE id = '" + grant + "'");
            revocation = CompletableFuture.supplyAsync(() -> revoke(grant));
            Await.until(
                    "it waits",
                    () ->
                            !scene.value("SELECT count(*) FROM pg_locks WHERE NOT granted")
                                    .equals("0"));
            claim.commit();
        }
        assertThat(revocation.get()).isInstanceOf(Result.Revoked.class);
        assertThat(
                        scene.value(
                                "SELECT detail ->> 'was' FROM platform.audit_log WHERE target = ?",
                                grant))
                .isEqualTo("claimed");
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private UUID earn(String user) {
        if (scene.column(
                        "SELECT 1 FROM liveops.event_participations WHERE event_id = ? AND user_id = ?",
                        eventId,
                        user)
                .isEmpty()) {
            scene.join(occurrence, Scene.START, user);
        }
        Earned earned =
                new Earned(
                        occurrence,
                        occurrence.rules().rewards().getFirst(),
                        user,
                        1,
                        Scene.START,
                        null);
        scene.database()
                .transaction(connection ->
                        scene.rewards().grants().earn(connection, List.of(earned)).size());
        return UUID.fromString(
                scene.value(
                        "SELECT id FROM liveops.grants WHERE event_id = ? AND user_id = ?",
                        eventId,
                        user));
    }

    private Result revoke(UUID grant) {
        return scene.database()
                .transaction(connection ->
                        revocations.revoke(connection, ADMIN, grant, "it was a mistake"));
    }

    private ClaimResult claim(String user) {
        return scene.rewards().claims().claim(new Claim(eventId, "prize", user, null)).join();
    }

    private String status(String user) {
        return scene.value(
                "SELECT status FROM liveops.grants WHERE event_id = ? AND user_id = ?",
                eventId,
                user);
    }

    private String told(String type) {
        return scene.value(
                """
                SELECT count(*) FROM platform.outbox, json_array_elements(events::json) e
                 WHERE e ->> 'type' = ? AND e -> 'data' ->> 'event_id' = ?\
                """,
                type,
                eventId);
    }
}
