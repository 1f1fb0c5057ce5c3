package dev.jubilee.server.liveops.events;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.liveops.events.EventsInstance.Answer;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.liveops.rewards.Earned;
import dev.jubilee.server.testing.Platform;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class CancellationTest {
    @RegisterExtension static final Platform platform = new Platform();

    /** The claim timeout of {@link EventsInstance}. */
    private static final Duration CLAIM_TIMEOUT = Duration.ofDays(1);

    private static EventsInstance here;

    @BeforeAll
    static void start() {
        here = new EventsInstance(platform);
    }

    @AfterAll
    static void stop() {
        here.close();
    }

    @Test
    void whoHasNotCompletedItIsNoLongerInAnEventThatIsCalledOff() {
        create("off", "");
        takePart("off", "ann", "active");
        takePart("off", "bob", "completed");
        takePart("off", "cid", "cancelled");

        assertThat(here.admin("DELETE", "/events/off", "").status()).isEqualTo(200);

        assertThat(
                        here.texts(
                                "SELECT user_id || ' ' || status FROM liveops.event_participations"
                                        + " WHERE event_id = ? ORDER BY 1",
                                "off"))
                .containsExactly("ann cancelled", "bob completed", "cid cancelled");
        assertThat(here.get("/events/off").number("/event_info/current_participants")).isEqualTo(1);
        assertThat(
                        here.texts(
                                "SELECT current_participants FROM liveops.occurrences WHERE event_id = ?",
                                "off"))
                .containsExactly("1");
    }

    @Test
    void grantsOfAnOpenEndedEventExpireAfterItIsCalledOff() {
        create("endless", "");
        grant("endless", "ann");
        Instant off = platform.clock().instant();
        assertThat(expiry("endless")).containsExactly("null");

        here.admin("DELETE", "/events/endless", "");
        here.feature.followMovedEnds();

        assertThat(OffsetDateTime.parse(expiry("endless").getFirst()).toInstant())
                .isEqualTo(off.plus(CLAIM_TIMEOUT));
        platform.clock().set(off.plus(CLAIM_TIMEOUT).minusMillis(1));
        assertThat(here.rewards.expire()).isZero();
        platform.clock().set(off.plus(CLAIM_TIMEOUT));
        assertThat(here.rewards.expire()).isEqualTo(1);
        assertThat(here.texts("SELECT status FROM liveops.grants WHERE event_id = ?", "endless"))
                .containsExactly("expired");
    }

    @Test
    void grantsOfAnEventWithAnEndAreClaimableAsLongAsPlanned() {
        Instant end = platform.clock().instant().plus(Duration.ofHours(9));
        create("planned", ", \"end_time\": \"" + end + "\"");
        grant("planned", "ann");
        here.texts(
                "UPDATE liveops.grants SET expires_at = '%s' WHERE event_id = ? RETURNING status"
                        .formatted(end.plus(CLAIM_TIMEOUT)),
                "planned");

        here.admin("DELETE", "/events/planned", "");
        here.feature.followMovedEnds();

        assertThat(OffsetDateTime.parse(expiry("planned").getFirst()).toInstant())
                .isEqualTo(end.plus(CLAIM_TIMEOUT));
    }

    @Test
    void whatIsEarnedOfAnOpenEndedEventWhileItIsCalledOffExpiresAsWell() {
        create(
                "raced",
                """
                , "rewards": [{"reward_id": "prize", "reward_type": "gold", "reward_value": {"amount": 5}}]\
                """);
        takePart("raced", "ann", "completed");
        Occurrence before = Objects.requireNonNull(here.occurrences.load("raced"));
        Instant off = platform.clock().instant();
        here.admin("DELETE", "/events/raced", "");

        // Whoever waited for the players' locks goes on by what it knew of the occurrence.
        Earned earned =
                new Earned(before, before.rules().rewards().getFirst(), "ann", 1, off, null);
        here.database.transaction(
                connection -> here.rewards.grants().earn(connection, List.of(earned)).size());

        assertThat(OffsetDateTime.parse(expiry("raced").getFirst()).toInstant())
                .isEqualTo(off.plus(CLAIM_TIMEOUT));
    }

    @Test
    void whatCannotBeReadAnyMoreCanBeCalledOff() {
        create("garbled", "");
        takePart("garbled", "ann", "active");
        garble("garbled");

        Answer off = here.admin("DELETE", "/events/garbled", "");

        assertThat(off.status()).as(off.body().toString()).isEqualTo(200);
        assertThat(
                        here.texts(
                                "SELECT status || ' ' || (settings ->> 'complete_when') FROM liveops.events"
                                        + " WHERE event_id = ?",
                                "garbled"))
                .containsExactly("cancelled progress.kills >");
        assertThat(
                        here.texts(
                                "SELECT status FROM liveops.event_participations WHERE event_id = ?",
                                "garbled"))
                .containsExactly("cancelled");
    }

    @Test
    void whatCannotBeReadAnyMoreCanBeCalledOffAfterItsEndToo() {
        Instant end = platform.clock().instant().plus(Duration.ofHours(1));
        create("overdue", ", \"end_time\": \"" + end + "\"");
        takePart("overdue", "ann", "active");
        garble("overdue");
        platform.clock().set(end);
        here.feature.tick();
        String status = "SELECT status FROM liveops.occurrences WHERE event_id = ?";
        assertThat(here.texts(status, "overdue")).containsExactly("closing");
        assertThat(here.admin("PUT", "/events/overdue", "{\"name\": \"x\"}").text("/code"))
                .isEqualTo("event_unreadable");

        Answer off = here.admin("DELETE", "/events/overdue", "");

        assertThat(off.status()).as(off.body().toString()).isEqualTo(200);
        assertThat(here.texts(status, "overdue")).containsExactly("cancelled");
    }

    @Test
    void whatHasEndedAndCanBeReadIsNotCalledOff() {
        Instant end = platform.clock().instant().plus(Duration.ofHours(1));
        create("over", ", \"end_time\": \"" + end + "\"");
        platform.clock().set(end);
        here.feature.tick();

        assertThat(here.admin("DELETE", "/events/over", "").text("/code"))
                .isEqualTo("event_finished");
    }

    /** Makes the rules that are stored such as no program wrote them. */
    private static void garble(String eventId) {
        String garbled = "'{\"complete_when\": \"progress.kills >\"}'";
        here.texts(
                "UPDATE liveops.events SET settings = %s WHERE event_id = ? RETURNING event_id"
                        .formatted(garbled),
                eventId);
        here.texts(
                """
                UPDATE liveops.occurrences
                   SET config = jsonb_build_object('settings', %s::jsonb), config_version = 9
                 WHERE event_id = ? RETURNING event_id
                """
                        .formatted(garbled),
                eventId);
        here.occurrences.refreshAll();
    }

    private static void create(String id, String more) {
        assertThat(
                        here.admin(
                                        "POST",
                                        "/events",
                                        "{\"event_id\": \"%s\", \"name\": \"%s\", \"event_type\": \"special\", \"start_time\": \"%s\"%s}"
                                                .formatted(
                                                        id,
                                                        id,
                                                        platform.clock().instant().minusSeconds(60),
                                                        more))
                                .text("/event_info/status"))
                .isEqualTo("active");
    }

    private static void takePart(String eventId, String user, String status) {
        here.texts(
                """
                WITH added AS (
                    INSERT INTO liveops.event_participations (id, event_id, occurrence_id, user_id, participation_type,
                           status, participation_time)
                    SELECT gen_random_uuid(), event_id, occurrence_id, '%1$s', 'manual', '%2$s', starts_at
                      FROM liveops.occurrences WHERE event_id = ?)
                UPDATE liveops.occurrences SET current_participants = current_participants + ('%2$s' <> 'cancelled')::int
                 WHERE event_id = '%3$s' RETURNING event_id
                """
                        .formatted(user, status, eventId),
                eventId);
    }

    private static void grant(String eventId, String user) {
        here.texts(
                """
                INSERT INTO liveops.grants (id, occurrence_id, event_id, user_id, reward_id, status, reward_type,
                       reward_value, earned_at)
                SELECT gen_random_uuid(), occurrence_id, event_id, '%s', 'prize', 'earned', 'gold', '{}', starts_at
                  FROM liveops.occurrences WHERE event_id = ? RETURNING reward_id
                """
                        .formatted(user),
                eventId);
    }

    private static List<String> expiry(String eventId) {
        return here.texts(
                "SELECT coalesce(to_json(expires_at) #>> '{}', 'null') FROM liveops.grants WHERE event_id = ?",
                eventId);
    }
}
