package dev.jubilee.server.liveops.events;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.liveops.events.EventsInstance.Answer;
import dev.jubilee.server.testing.MutableClock;
import dev.jubilee.server.testing.Platform;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What is done to an event with more participations and grants than one transaction writes. */
class LargeEventsTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final int PART = 2;
    private static final Instant END = MutableClock.START.plus(Duration.ofHours(1));

    /** The claim timeout of {@link EventsInstance}. */
    private static final Duration CLAIM_TIMEOUT = Duration.ofDays(1);

    private static final String STATES =
            """
            SELECT user_id || ' ' || p.status FROM liveops.event_participations p JOIN liveops.occurrences USING (event_id)
             WHERE event_id = ? ORDER BY 1\
            """;
    private static final String COUNTED =
            """
            SELECT current_participants || ' of ' || (SELECT count(*) FROM liveops.event_participations p
                   WHERE p.event_id = o.event_id AND p.status <> 'cancelled')
              FROM liveops.occurrences o WHERE event_id = ?\
            """;
    private static final String FOLLOWED =
            "SELECT (end_move IS NULL)::text FROM liveops.occurrences WHERE event_id = ?";
    private static int number;

    private EventsInstance here;
    private String eventId;

    @BeforeEach
    void begin() {
        platform.clock().set(MutableClock.START);
        here = new EventsInstance(platform, PART);
        eventId = "large_" + ++number;
    }

    @AfterEach
    void finish() {
        run("DROP TRIGGER IF EXISTS interruption ON liveops.event_participations");
        run("DROP TRIGGER IF EXISTS interruption ON liveops.grants");
        here.close();
    }

    @Test
    void allWhoTakePartInWhatIsCalledOffAreTakenOutInParts() {
        create("");
        sixTakePart();

        cancel();

        assertThat(texts("SELECT status FROM liveops.occurrences WHERE event_id = ?"))
                .containsExactly("cancelled");
        assertThat(texts(STATES))
                .containsExactly(
                        "u0 cancelled",
                        "u1 completed",
                        "u2 active",
                        "u3 active",
                        "u4 active",
                        "u5 active");
        assertThat(texts(COUNTED)).containsExactly("5 of 5");

        assertThat(here.feature.followCancellations()).isEqualTo(1);

        assertThat(texts(STATES))
                .containsExactly(
                        "u0 cancelled",
                        "u1 completed",
                        "u2 cancelled",
                        "u3 cancelled",
                        "u4 cancelled",
                        "u5 cancelled");
        assertThat(texts(COUNTED)).containsExactly("1 of 1");
        assertThat(here.get("/events/" + eventId).number("/event_info/current_participants"))
                .isEqualTo(1);
        assertThat(
                        texts(
                                """
                                SELECT DISTINCT count(*) <= 2 FROM liveops.event_participations
                                 WHERE event_id = ? AND status = 'cancelled' GROUP BY xmin\
                                """))
                .containsExactly("t");
        assertThat(here.feature.followCancellations()).isZero();
    }

    @Test
    void aCancellationThatWasInterruptedGoesOn() {
        create("");
        sixTakePart();
        cancel();
        interrupt("liveops.event_participations", "u5");

        assertThat(here.feature.followCancellations()).isZero();
        assertThat(texts(STATES)).contains("u4 cancelled", "u5 active");
        assertThat(texts(COUNTED)).containsExactly("2 of 2");

        run("DROP TRIGGER interruption ON liveops.event_participations");
        assertThat(here.feature.followCancellations()).isEqualTo(1);
        assertThat(texts(STATES)).contains("u5 cancelled");
        assertThat(texts(COUNTED)).containsExactly("1 of 1");
    }

    @Test
    void severalInstancesTakeEverybodyOutOnce() {
        try (EventsInstance other = new EventsInstance(platform, PART)) {
            for (int round = 0; round < 5; round++) {
                eventId = "large_" + ++number;
                create("");
                sixTakePart();
                cancel();
                assertThat(texts(COUNTED)).containsExactly("5 of 5");
                assertThat(
                                texts(
                                        "SELECT cancelling::text FROM liveops.occurrences WHERE event_id = ?"))
                        .containsExactly("true");
                int done = 0;
                while (done == 0) {
                    var both =
                            List.of(
                                    CompletableFuture.supplyAsync(
                                            here.feature::followCancellations,
                                            Thread::startVirtualThread),
                                    CompletableFuture.supplyAsync(
                                            other.feature::followCancellations,
                                            Thread::startVirtualThread));
                    done = both.stream().mapToInt(CompletableFuture::join).sum();
                }
                assertThat(done).isEqualTo(1);
                assertThat(texts(COUNTED)).containsExactly("1 of 1");
            }
        }
    }

    @Test
    void whatWasEarnedOfAnOpenEndedEventThatIsCalledOffExpiresWhateverItsNumber() {
        create("");
        sixTakePart();
        fiveEarn();
        Instant off = platform.clock().instant();

        cancel();
        platform.clock().advance(Duration.ofMinutes(1));
        here.feature.followCancellations();
        here.feature.followMovedEnds();

        assertThat(expiries(off.plus(CLAIM_TIMEOUT))).containsOnly("true").hasSize(5);
        assertThat(writtenTogether()).containsExactly("1", "2", "2");
    }

    @Test
    void whatWasEarnedFollowsAnEndThatMovesInParts() {
        create(", \"end_time\": \"" + END + "\"");
        fiveEarn();
        Instant later = END.plus(Duration.ofHours(5));

        move(later);
        assertThat(expiries(later.plus(CLAIM_TIMEOUT))).doesNotContain("true");
        here.feature.followMovedEnds();

        assertThat(expiries(later.plus(CLAIM_TIMEOUT))).containsOnly("true").hasSize(5);
        assertThat(writtenTogether()).containsExactly("1", "2", "2");
        assertThat(texts(FOLLOWED)).containsExactly("true");
    }

    @Test
    void anInstanceGoesOnWhereAnotherBrokeOff() {
        create(", \"end_time\": \"" + END + "\"");
        fiveEarn();
        Instant later = END.plus(Duration.ofHours(5));
        interrupt("liveops.grants", "u1");

        move(later);
        here.feature.followMovedEnds();

        assertThat(expiries(later.plus(CLAIM_TIMEOUT))).contains("true", "null");
        assertThat(texts(FOLLOWED)).containsExactly("false");
        run("DROP TRIGGER interruption ON liveops.grants");
        try (EventsInstance other = new EventsInstance(platform, PART)) {
            other.feature.followMovedEnds();
        }
        assertThat(expiries(later.plus(CLAIM_TIMEOUT))).containsOnly("true").hasSize(5);
    }

    @Test
    void whatFollowsAnEndFollowsTheNextOneFromTheBeginning() {
        create(", \"end_time\": \"" + END + "\"");
        fiveEarn();
        move(END.plus(Duration.ofHours(5)));
        Instant latest = END.plus(Duration.ofHours(6));
        run(
                """
                CREATE OR REPLACE FUNCTION move_on() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    UPDATE liveops.occurrences SET ends_at = '%1$s', end_move = gen_random_uuid()
                     WHERE occurrence_id = new.occurrence_id AND ends_at <> '%1$s';
                    RETURN new;
                END $$;
                CREATE TRIGGER interruption BEFORE UPDATE ON liveops.grants FOR EACH ROW
                WHEN (new.user_id = 'u1') EXECUTE FUNCTION move_on()\
                """
                        .formatted(latest));

        here.feature.followMovedEnds();
        assertThat(texts(FOLLOWED)).containsExactly("false");
        here.feature.followMovedEnds();

        assertThat(texts(FOLLOWED)).containsExactly("true");
        assertThat(expiries(latest.plus(CLAIM_TIMEOUT))).containsOnly("true").hasSize(5);
    }

    private void move(Instant end) {
        Answer moved =
                here.admin("PUT", "/events/" + eventId, "{\"end_time\": \"%s\"}".formatted(end));
        assertThat(moved.status()).as(moved.body().toString()).isEqualTo(200);
    }

    private void interrupt(String table, String user) {
        run(
                """
                CREATE OR REPLACE FUNCTION interrupt() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'interrupted'; END $$\
                """);
        run(
                """
                CREATE TRIGGER interruption BEFORE UPDATE ON %s FOR EACH ROW
                WHEN (new.user_id = '%s') EXECUTE FUNCTION interrupt()\
                """
                        .formatted(table, user));
    }

    private void create(String more) {
        Answer made =
                here.admin(
                        "POST",
                        "/events",
                        "{\"event_id\": \"%1$s\", \"name\": \"%1$s\", \"event_type\": \"special\", \"start_time\": \"%2$s\"%3$s}"
                                .formatted(eventId, platform.clock().instant(), more));
        assertThat(made.status()).as(made.body().toString()).isEqualTo(201);
        here.feature.tick();
    }

    private void cancel() {
        Answer off = here.admin("DELETE", "/events/" + eventId, "");
        assertThat(off.status()).as(off.body().toString()).isEqualTo(200);
    }

    /** u0 to u5, of whom u1 has completed it. */
    private void sixTakePart() {
        run(
                """
                INSERT INTO liveops.event_participations (id, event_id, occurrence_id, user_id, participation_type,
                       status, participation_time)
                SELECT gen_random_uuid(), event_id, occurrence_id, 'u' || n, 'manual',
                       CASE n WHEN 1 THEN 'completed' ELSE 'active' END, starts_at
                  FROM liveops.occurrences, generate_series(0, 5) n WHERE event_id = '%s'
                """
                        .formatted(eventId));
        run(
                "UPDATE liveops.occurrences SET current_participants = 6 WHERE event_id = '%s'"
                        .formatted(eventId));
    }

    private void fiveEarn() {
        run(
                """
                INSERT INTO liveops.grants (id, occurrence_id, event_id, user_id, reward_id, sequence, status,
                       reward_type, reward_value, earned_at)
                SELECT gen_random_uuid(), occurrence_id, event_id, 'u' || n / 2, 'prize', 1 + n %% 2, 'earned',
                       'gold', '{}', starts_at
                  FROM liveops.occurrences, generate_series(0, 4) n WHERE event_id = '%s'
                """
                        .formatted(eventId));
    }

    private List<String> expiries(Instant expected) {
        return texts(
                "SELECT coalesce((expires_at = '%s')::text, 'null') FROM liveops.grants WHERE event_id = ?"
                        .formatted(expected));
    }

    private List<String> writtenTogether() {
        return texts(
                "SELECT count(*)::text FROM liveops.grants WHERE event_id = ? GROUP BY xmin ORDER BY 1");
    }

    private List<String> texts(String sql) {
        return here.texts(sql, eventId);
    }

    private void run(String sql) {
        here.database.transaction(connection -> {
            try (var statement = connection.createStatement()) {
                return statement.execute(sql);
            }
        });
    }
}
