package dev.jubilee.server.liveops.events;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.liveops.events.EventsInstance.Answer;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.liveops.rewards.Claim;
import dev.jubilee.server.liveops.rewards.ClaimResult;
import dev.jubilee.server.liveops.rewards.Earned;
import dev.jubilee.server.testing.MutableClock;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What an end that is moved or taken away while an event runs does to what was earned. */
class MovedEndTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Instant START = MutableClock.START;
    private static final Instant END = START.plus(Duration.ofHours(1));

    /** What the instance of the test is set to. */
    private static final Duration CLAIM_TIMEOUT = Duration.ofDays(1);

    private static int number;

    private EventsInstance here;
    private String eventId;

    @BeforeEach
    void begin() {
        platform.clock().set(START);
        here = new EventsInstance(platform);
        eventId = "moved_" + ++number;
        Answer made =
                here.admin(
                        "POST",
                        "/events",
                        """
                        {"event_id": "%s", "name": "Moved", "event_type": "dynamic",
                         "start_time": "%s", "end_time": "%s",
                         "rewards": [{"reward_id": "prize", "reward_type": "gold", "reward_value": {"amount": 5},
                                      "reward_condition": {"on": "complete"}}]}
                        """
                                .formatted(eventId, START, END));
        assertThat(made.status()).as(made.body().toString()).isEqualTo(201);
        here.feature.tick();
    }

    @AfterEach
    void finish() {
        here.close();
        platform.clock().set(START);
    }

    @Test
    void whatWasEarnedBeforeAnExtensionIsClaimableAsLongAfterTheNewEnd() {
        earn("ann");
        Instant later = END.plus(Duration.ofDays(3));
        move("\"" + later + "\"");
        assertThat(expiryOf("ann")).isEqualTo(later.plus(CLAIM_TIMEOUT));
        assertClaimableUntil(later.plus(CLAIM_TIMEOUT), "ann");
    }

    @Test
    void whatIsBeingEarnedWhileTheEndMovesExpiresByTheNewEnd() throws SQLException {
        Instant later = END.plus(Duration.ofDays(3));
        Occurrence before = occurrence();
        try (Connection connection = platform.connection()) {
            connection.setAutoCommit(false);
            here.rewards.grants().earn(connection, List.of(earned(before, "ann")));
            move("\"" + later + "\"");
            connection.commit();
        }
        assertClaimableUntil(later.plus(CLAIM_TIMEOUT), "ann");
    }

    @Test
    void whatIsBeingEarnedWhileTheEndIsTakenAwayDoesNotExpireWhileTheEventRuns()
            throws SQLException {
        Occurrence before = occurrence();
        try (Connection connection = platform.connection()) {
            connection.setAutoCommit(false);
            here.rewards.grants().earn(connection, List.of(earned(before, "ann")));
            move("null");
            connection.commit();
        }
        platform.clock().set(END.plus(CLAIM_TIMEOUT).minusSeconds(1));
        assertThat(here.rewards.expire()).isZero();
        platform.clock().set(END.plus(Duration.ofDays(90)));
        assertThat(here.rewards.expire()).isZero();
        assertThat(claim("ann")).isInstanceOf(ClaimResult.Claimed.class);
    }

    @Test
    void anEventWithoutAnEndRunsUntilAnAdminEndsIt() {
        earn("ann");
        move("null");
        assertThat(here.texts(EXPIRY, eventId)).containsExactly((String) null);
        earn("bob");
        platform.clock().set(END.plus(Duration.ofDays(90)));
        here.feature.tick();
        assertThat(status()).isEqualTo("active");
        assertThat(here.rewards.expire()).isZero();
        assertThat(here.admin("POST", "/events/" + eventId + "/complete", "").status())
                .isEqualTo(200);
        assertThat(status()).isEqualTo("closing");
    }

    @Test
    void anEndThatWasTakenAwayCanBeGivenAgain() {
        move("null");
        Instant again = END.plus(Duration.ofHours(5));
        move("\"" + again + "\"");
        platform.clock().set(again.minusMillis(1));
        here.feature.tick();
        assertThat(status()).isEqualTo("active");
        platform.clock().set(again);
        here.feature.tick();
        assertThat(status()).isEqualTo("closing");
    }

    @Test
    void anEndThatIsGivenAgainEndsWhatIsClaimableToo() {
        earn("ann");
        move("null");
        Instant again = END.plus(Duration.ofHours(5));
        move("\"" + again + "\"");
        assertThat(expiryOf("ann")).isEqualTo(again.plus(CLAIM_TIMEOUT));
        assertThat(claim("ann")).isInstanceOf(ClaimResult.Claimed.class);
    }

    @Test
    void whatIsEarnedOfAnEventThatIsEndedEarlyExpiresByThen() {
        earn("ann");
        Instant early = START.plus(Duration.ofMinutes(20));
        platform.clock().set(early);
        here.admin("POST", "/events/" + eventId + "/complete", "");
        here.feature.followMovedEnds();
        assertThat(end()).isEqualTo(early.toString());
        assertThat(expiryOf("ann")).isEqualTo(early.plus(CLAIM_TIMEOUT));
        assertThat(here.get("/events/" + eventId).text("/event_info/end_time"))
                .isEqualTo(early.toString());
        assertThat(claim("ann")).isInstanceOf(ClaimResult.Claimed.class);
    }

    @Test
    void anEndThatWasReachedIsNotMovedAnyMore() {
        platform.clock().set(END);
        here.feature.tick();
        Answer late =
                here.admin(
                        "PUT",
                        "/events/" + eventId,
                        "{\"end_time\": \"%s\"}".formatted(END.plusSeconds(9)));
        assertThat(late.status()).isEqualTo(409);
        assertThat(status()).isEqualTo("closing");
    }

    @Test
    void anEndThatHasPassedStandsThoughNoClockHasCome() {
        platform.clock().set(END.plusSeconds(9));
        for (Answer late :
                List.of(
                        here.admin(
                                "PUT",
                                "/events/" + eventId,
                                "{\"end_time\": \"%s\"}".formatted(END.plusSeconds(60))),
                        here.admin("DELETE", "/events/" + eventId, ""))) {
            assertThat(late.status()).isEqualTo(409);
            assertThat(late.text("/code")).isEqualTo("event_finished");
        }
        assertThat(here.admin("POST", "/events/" + eventId + "/complete", "").status())
                .isEqualTo(200);
        assertThat(status()).isEqualTo("closing");
        assertThat(end()).isEqualTo(END.toString());
    }

    @Test
    void whoWaitsForAnotherWriteEndsItNoLaterThanItsEnd() throws Exception {
        platform.clock().set(END.minusSeconds(1));
        CompletableFuture<Answer> ending;
        try (Connection other = platform.connection()) {
            other.setAutoCommit(false);
            LiveEventStore.serialize(other, eventId);
            ending =
                    CompletableFuture.supplyAsync(
                            () -> here.admin("POST", "/events/" + eventId + "/complete", ""));
            Await.until("it waits", this::isAnyoneWaiting);
            platform.clock().set(END.plusSeconds(9));
            other.commit();
        }
        assertThat(ending.join().status()).isEqualTo(200);
        assertThat(end()).isEqualTo(END.toString());
    }

    @Test
    void anEventIsEndedAtOnceHoweverLongWhatWasEarnedTakesToFollow() throws SQLException {
        earn("ann");
        Instant early = START.plus(Duration.ofMinutes(20));
        platform.clock().set(early);
        CompletableFuture<Integer> following;
        try (Connection other = platform.connection();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute(
                    "SELECT 1 FROM liveops.grants WHERE event_id = '" + eventId + "' FOR UPDATE");
            assertThat(here.admin("POST", "/events/" + eventId + "/complete", "").status())
                    .isEqualTo(200);
            assertThat(status()).isEqualTo("closing");
            following = CompletableFuture.supplyAsync(here.feature::followMovedEnds);
            Await.until("it waits", this::isAnyoneWaiting);
            other.commit();
        }
        following.join();
        assertThat(expiryOf("ann")).isEqualTo(early.plus(CLAIM_TIMEOUT));
        assertThat(claim("ann")).isInstanceOf(ClaimResult.Claimed.class);
    }

    @Test
    void anEndThatPassesWhileItIsBeingMovedStands() throws SQLException {
        platform.clock().set(END.minusSeconds(1));
        CompletableFuture<Answer> moving;
        try (Connection other = platform.connection();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute(
                    "SELECT 1 FROM liveops.event_rewards WHERE event_id = '"
                            + eventId
                            + "' FOR UPDATE");
            String later = "{\"end_time\": \"%s\"}".formatted(END.plusSeconds(60));
            moving =
                    CompletableFuture.supplyAsync(
                            () -> here.admin("PUT", "/events/" + eventId, later));
            Await.until("it waits", this::isAnyoneWaiting);
            platform.clock().set(END);
            other.commit();
        }
        assertThat(moving.join().status()).isEqualTo(409);
        assertThat(moving.join().text("/code")).isEqualTo("event_finished");
        assertThat(end()).isEqualTo(END.toString());
    }

    private boolean isAnyoneWaiting() {
        return !here.texts(
                        """
                        SELECT pid::text FROM pg_stat_activity
                         WHERE datname = current_database() AND wait_event_type = ?
                        """,
                        "Lock")
                .isEmpty();
    }

    private static final String EXPIRY =
            "SELECT expires_at FROM liveops.grants WHERE event_id = ? ORDER BY user_id";

    private void assertClaimableUntil(Instant expiry, String user) {
        for (Instant look = END.plus(CLAIM_TIMEOUT).minusSeconds(2);
                look.isBefore(END.plus(CLAIM_TIMEOUT).plusSeconds(2));
                look = look.plusSeconds(1)) {
            platform.clock().set(look);
            assertThat(here.rewards.expire()).isZero();
        }
        assertThat(expiryOf(user)).isEqualTo(expiry);
        platform.clock().set(expiry.minusSeconds(1));
        assertThat(here.rewards.expire()).isZero();
        assertThat(claim(user)).isInstanceOf(ClaimResult.Claimed.class);
    }

    private void earn(String user) {
        here.occurrences.refreshAll();
        Occurrence occurrence = occurrence();
        here.database.transaction(connection ->
                here.rewards.grants().earn(connection, List.of(earned(occurrence, user))).size());
    }

    private Occurrence occurrence() {
        return Objects.requireNonNull(here.occurrences.load(eventId));
    }

    private static Earned earned(Occurrence occurrence, String user) {
        return new Earned(
                occurrence, occurrence.rules().rewards().getFirst(), user, 1, START, null);
    }

    private ClaimResult claim(String user) {
        return here.rewards.claims().claim(new Claim(eventId, "prize", user, null)).join();
    }

    private void move(String end) {
        Answer moved = here.admin("PUT", "/events/" + eventId, "{\"end_time\": %s}".formatted(end));
        assertThat(moved.status()).as(moved.body().toString()).isEqualTo(200);
        here.feature.followMovedEnds();
    }

    private Instant expiryOf(String user) {
        String text =
                here.texts(
                                "SELECT to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
                                        + " FROM liveops.grants WHERE event_id || user_id = ?",
                                eventId + user)
                        .getFirst();
        return Instant.parse(text);
    }

    private String end() {
        return here.texts(
                        "SELECT to_char(ends_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
                                + " FROM liveops.occurrences WHERE event_id = ?",
                        eventId)
                .getFirst();
    }

    private String status() {
        return here.texts("SELECT status FROM liveops.occurrences WHERE event_id = ?", eventId)
                .getFirst();
    }
}
