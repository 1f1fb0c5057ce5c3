package dev.jubilee.server.liveops.rewards;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.liveops.Scene;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.liveops.rewards.ClaimResult.Reason;
import dev.jubilee.server.liveops.rules.RewardRule;
import dev.jubilee.server.testing.Platform;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ClaimsTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static int number;

    private Scene scene;
    private String eventId;

    @BeforeEach
    void set() {
        scene = new Scene(platform);
        eventId = "event_" + ++number;
    }

    @AfterEach
    void strike() {
        scene.clock().set(Scene.START);
        scene.run("DELETE FROM liveops.grants");
        scene.close();
    }

    @Test
    void aGrantIsMadeOnce() {
        Occurrence occurrence = occurrence("");
        assertThat(earn(occurrence, "ann")).isEqualTo(1);
        assertThat(earn(occurrence, "ann")).isZero();
        assertThat(scene.value("SELECT count(*) FROM liveops.grants WHERE event_id = ?", eventId))
                .isEqualTo("1");
    }

    @Test
    void aRepeatedClaimIsAnsweredAlikeAndChangesNothing() {
        Occurrence occurrence = occurrence("");
        earn(occurrence, "ann");
        ClaimResult first = claim("ann");
        assertThat(first).isInstanceOf(ClaimResult.Claimed.class);
        assertThat(claim("ann"))
                .isEqualTo(new ClaimResult.AlreadyClaimed(((ClaimResult.Claimed) first).grant()));
        assertThat(claims(occurrence)).isEqualTo("1");
        assertThat(
                        scene.value(
                                "SELECT rewards_claimed FROM liveops.event_participations WHERE event_id = ?",
                                eventId))
                .isEqualTo("[\"prize\"]");
    }

    @Test
    void twoClaimsAtTheSameMomentPayOnce() {
        Occurrence occurrence = occurrence("");
        try (Scene other = new Scene(platform)) {
            for (int round = 0; round < 50; round++) {
                String user = "user_" + round;
                earn(occurrence, user);
                List<CompletableFuture<ClaimResult>> both =
                        List.of(
                                scene.rewards().claims().claim(wish(user)),
                                other.rewards().claims().claim(wish(user)));
                long paid =
                        both.stream()
                                .map(CompletableFuture::join)
                                .filter(ClaimResult.Claimed.class::isInstance)
                                .count();
                assertThat(paid).isEqualTo(1);
            }
        }
        assertThat(claims(occurrence)).isEqualTo("50");
    }

    @Test
    void aCapIsNeverExceededFromTwoInstances() {
        Occurrence occurrence = occurrence("\"max_claims\": 30, ");
        List<String> users = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            users.add("user_" + i);
        }
        earn(occurrence, users.toArray(String[]::new));
        List<CompletableFuture<ClaimResult>> results = new ArrayList<>();
        try (Scene other = new Scene(platform)) {
            for (int i = 0; i < users.size(); i++) {
                Scene instance = i % 2 == 0 ? scene : other;
                results.add(instance.rewards().claims().claim(wish(users.get(i))));
            }
            List<ClaimResult> all = results.stream().map(CompletableFuture::join).toList();
            assertThat(all).filteredOn(ClaimResult.Claimed.class::isInstance).hasSize(30);
            assertThat(all)
                    .filteredOn(new ClaimResult.Refused(Reason.EXHAUSTED)::equals)
                    .hasSize(70);
        }
        assertThat(claims(occurrence)).isEqualTo("30");
    }

    @Test
    void whatWasNotEarnedOrDoesNotExistIsRefused() {
        occurrence("");
        assertThat(claim("ann")).isEqualTo(new ClaimResult.Refused(Reason.NOT_EARNED));
        assertThat(join(new Claim(eventId, "other", "ann", null)))
                .isEqualTo(new ClaimResult.Refused(Reason.NO_SUCH_REWARD));
        assertThat(join(new Claim("nothing", "prize", "ann", null)))
                .isEqualTo(new ClaimResult.Refused(Reason.NO_SUCH_EVENT));
    }

    @Test
    void aGrantExpiresTheClaimTimeoutAfterTheEnd() {
        Occurrence occurrence = occurrence("");
        earn(occurrence, "ann", "bob");
        scene.clock().set(Scene.END.plus(Scene.CLAIM_TIMEOUT).minusMillis(1));
        assertThat(scene.rewards().expire()).isZero();
        assertThat(claim("ann")).isInstanceOf(ClaimResult.Claimed.class);

        scene.clock().set(Scene.END.plus(Scene.CLAIM_TIMEOUT));
        assertThat(claim("bob")).isEqualTo(new ClaimResult.Refused(Reason.EXPIRED));
        assertThat(scene.rewards().expire()).isEqualTo(1);
        assertThat(
                        scene.column(
                                "SELECT user_id || ' ' || status FROM liveops.grants WHERE event_id = ? ORDER BY 1",
                                eventId))
                .containsExactly("ann claimed", "bob expired");
    }

    @Test
    void whatIsEarnedLongAfterTheEndIsClaimableFromThenOn() {
        Occurrence occurrence = occurrence("");
        Instant made = Scene.END.plus(Scene.CLAIM_TIMEOUT.multipliedBy(3));
        scene.clock().set(made);
        earn(occurrence, "ann", "bob");
        assertThat(scene.rewards().expire()).isZero();
        assertThat(claim("ann")).isInstanceOf(ClaimResult.Claimed.class);

        scene.clock().set(made.plus(Scene.CLAIM_TIMEOUT).minusMillis(1));
        assertThat(scene.rewards().expire()).isZero();
        scene.clock().set(made.plus(Scene.CLAIM_TIMEOUT));
        assertThat(claim("bob")).isEqualTo(new ClaimResult.Refused(Reason.EXPIRED));
        assertThat(scene.rewards().expire()).isEqualTo(1);
    }

    private Occurrence occurrence(String cap) {
        return scene.occurrence(
                eventId,
                1000,
                "{}",
                """
                [{%s"reward_id": "prize", "reward_type": "gold", "reward_value": {"amount": 5},
                  "reward_condition": {"on": "complete"}}]\
                """
                        .formatted(cap));
    }

    /** How many grants were made. */
    private long earn(Occurrence occurrence, String... users) {
        RewardRule rule = occurrence.rules().rewards().getFirst();
        List<Earned> earned = new ArrayList<>();
        for (String user : users) {
            if (scene.column(
                            "SELECT 1 FROM liveops.event_participations WHERE event_id = ? AND user_id = ?",
                            eventId,
                            user)
                    .isEmpty()) {
                scene.join(occurrence, Scene.START, user);
            }
            earned.add(new Earned(occurrence, rule, user, 1, Scene.START, null));
        }
        return scene.database()
                .transaction(connection -> scene.rewards().grants().earn(connection, earned))
                .size();
    }

    private Claim wish(String user) {
        return new Claim(eventId, "prize", user, null);
    }

    private ClaimResult claim(String user) {
        return join(wish(user));
    }

    private ClaimResult join(Claim claim) {
        return scene.rewards().claims().claim(claim).join();
    }

    private String claims(Occurrence occurrence) {
        return scene.value(
                "SELECT current_claims FROM liveops.occurrence_rewards WHERE occurrence_id = ?::uuid",
                occurrence.occurrenceId());
    }
}
