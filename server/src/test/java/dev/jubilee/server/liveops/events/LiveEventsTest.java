package dev.jubilee.server.liveops.events;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.liveops.events.EventsInstance.Answer;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LiveEventsTest {
    @RegisterExtension static final Platform platform = new Platform();

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
    void anEventRunsFromItsScheduleToItsEnd() {
        create("run", Duration.ofHours(1), Duration.ofHours(2), "");
        assertThat(status("run")).isEqualTo("scheduled");
        platform.clock().advance(Duration.ofMinutes(61));
        here.feature.tick();
        assertThat(status("run")).isEqualTo("active");
        assertThat(occurrence("run").status()).isEqualTo(Occurrence.Status.ACTIVE);
        platform.clock().advance(Duration.ofHours(2));
        here.feature.tick();
        assertThat(occurrence("run").status()).isEqualTo(Occurrence.Status.CLOSING);
        complete("run");
        assertThat(status("run")).isEqualTo("completed");
        assertThat(here.told("run"))
                .containsExactly(
                        "liveops.event.created",
                        "liveops.event.scheduled",
                        "liveops.event.activated",
                        "liveops.event.closing",
                        "liveops.event.completed");
    }

    @Test
    void whereTheBusEndedIsNotedAfterTheEnd() {
        create("noted", Duration.ofHours(-2), Duration.ofHours(1), "");
        here.feature.tick();
        assertThat(
                        here.texts(
                                "SELECT end_offsets #>> '{0,offset}' FROM liveops.occurrences"
                                        + " WHERE event_id = ? AND status = 'closing'",
                                "noted"))
                .containsExactly("42");
    }

    @Test
    void anEventWhoseStartHasPassedIsActiveAtOnce() {
        create("late", Duration.ofMinutes(-5), Duration.ofHours(1), "");
        assertThat(status("late")).isEqualTo("active");
        Occurrence current = Objects.requireNonNull(here.occurrences.current("late"));
        assertThat(current.covers(platform.clock().instant())).isTrue();
    }

    @Test
    void aDraftIsSeenByStaffAloneUntilItIsPublished() {
        create("secret", Duration.ofMinutes(-5), Duration.ofHours(1), ", \"status\": \"draft\"");
        assertThat(here.get("/events/secret").status()).isEqualTo(404);
        assertThat(here.get("/events?limit=200").body().toString()).doesNotContain("secret");
        assertThat(here.admin("GET", "/events/secret", "").text("/event_info/status"))
                .isEqualTo("draft");
        assertThat(here.occurrences.load("secret")).isNull();
        Answer published = here.admin("PUT", "/events/secret", "{\"status\": \"scheduled\"}");
        assertThat(published.text("/updated_event/status")).isEqualTo("active");
        assertThat(here.get("/events/secret").text("/event_info/status")).isEqualTo("active");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/rewards",
                "/occurrences",
                "/leaderboard",
                "/leaderboard/around/ann",
                "/rewards?user_id=ann"
            })
    void nothingOfADraftIsReadByOthers(String read) {
        String id = "hidden_" + Integer.toHexString(read.hashCode());
        create(
                id,
                Duration.ofMinutes(-5),
                Duration.ofHours(1),
                """
                , "status": "draft", "rewards": [{"reward_id": "cup", "reward_type": "item",
                   "reward_value": {"item_id": "cup"}}]\
                """);
        String path = "/events/" + id + read;
        if (!read.contains("user_id")) {
            assertThat(here.get(path).status()).isEqualTo(404);
        }
        assertThat(here.send("player:ann", "GET", path, "").status()).isEqualTo(404);
        if (read.startsWith("/rewards")) {
            assertThat(here.admin("GET", path, "").text("/rewards/0/reward_id")).isEqualTo("cup");
            Answer claim =
                    here.send(
                            "player:ann",
                            "POST",
                            "/events/" + id + "/rewards",
                            "{\"reward_id\": \"cup\"}");
            assertThat(claim.status()).isEqualTo(404);
            assertThat(claim.text("/detail")).doesNotContain("cup");
        }
    }

    @Test
    void aDraftThatIsCancelledIsNeverShown() {
        create(
                "scrapped",
                Duration.ofMinutes(-5),
                Duration.ofHours(1),
                ", \"status\": \"draft\", \"category\": \"scrapped\"");
        assertThat(here.admin("DELETE", "/events/scrapped", "").status()).isEqualTo(200);
        assertThat(here.get("/events/scrapped").status()).isEqualTo(404);
        assertThat(here.get("/events/scrapped/rewards").status()).isEqualTo(404);
        assertThat(here.get("/events?category=scrapped").number("/total")).isZero();
        assertThat(here.admin("GET", "/events/scrapped", "").text("/event_info/status"))
                .isEqualTo("cancelled");
        assertThat(here.admin("GET", "/events?category=scrapped", "").number("/total")).isOne();
    }

    @Test
    void whatIsToldOfAnEventCanBeSentBack() {
        Instant start = platform.clock().instant().minusSeconds(60);
        here.admin(
                "POST",
                "/events",
                """
                {"event_id": "echoed", "name": "Echoed", "event_type": "special", "start_time": "%s", "end_time": "%s",
                 "settings": {"progress": [{"metric": "kills", "on": "game.kill", "when": null}], "score": null},
                 "requirements": {"when": null},
                 "rewards": [{"reward_id": "cup", "reward_type": "gold", "reward_value": {"amount": 100.0}}]}
                """
                        .formatted(start, start.plus(Duration.ofHours(1)).plusMillis(250)));
        Answer told = here.admin("GET", "/events/echoed", "");
        assertThat(told.body().at("/event_info/settings"))
                .isEqualTo(
                        Json.tree(
                                "{\"progress\": [{\"metric\": \"kills\", \"on\": \"game.kill\"}]}"));
        assertThat(told.body().at("/event_info/requirements")).isEmpty();
        String fields =
                """
                "duration": %d, "rewards": [{"reward_id": "cup", "reward_type": "gold", "reward_value": {"amount": 100}}]\
                """
                        .formatted(told.number("/event_info/duration"));
        Answer same = here.admin("PUT", "/events/echoed", "{" + fields + "}");
        assertThat(same.status()).as(same.body().toString()).isEqualTo(200);
        assertThat(same.text("/updated_event/end_time"))
                .isEqualTo(told.text("/event_info/end_time"));
        String end = "\"end_time\": \"" + told.text("/event_info/end_time") + "\", ";
        for (int time = 0; time < 2; time++) {
            Answer off =
                    here.admin(
                            "PUT",
                            "/events/echoed",
                            "{\"status\": \"cancelled\", " + end + fields + "}");
            assertThat(off.status()).as(off.body().toString()).isEqualTo(200);
        }
    }

    @Test
    void whoNamesNobodyEndsNothing() {
        create("kept", Duration.ofMinutes(-5), Duration.ofHours(9), "");
        Answer refused = here.admin("POST", "/events/kept/complete", "{\"user_id\": null}");
        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.text("/errors/0/field")).isEqualTo("user_id");
        assertThat(status("kept")).isEqualTo("active");
    }

    @Test
    void startsAndEndsAreInTheMillisecondsOfTheBus() {
        create("sharp", Duration.ofDays(1), Duration.ofHours(9), "");
        Instant millisecond = platform.clock().instant().plusMillis(5);
        platform.clock().set(millisecond.plusNanos(700_000));
        here.admin("PUT", "/events/sharp", "{\"status\": \"active\"}");
        assertThat(occurrence("sharp").startsAt()).isEqualTo(millisecond);
        here.admin("POST", "/events/sharp/complete", "");
        assertThat(occurrence("sharp").endsAt()).isEqualTo(millisecond.plusMillis(1));
        here.admin(
                "POST",
                "/events",
                """
                {"event_id": "fine", "name": "Fine", "event_type": "special",
                 "start_time": "2026-03-09T00:00:00.0007Z", "end_time": "2026-03-10T00:00:00.0007Z"}
                """);
        assertThat(occurrence("fine").startsAt()).isEqualTo("2026-03-09T00:00:00Z");
        assertThat(occurrence("fine").endsAt()).isEqualTo("2026-03-10T00:00:00Z");
        platform.clock().set(millisecond.plusMillis(1));
    }

    @Test
    void theRequiredFieldsAndDefaultsAreThere() {
        Answer created =
                here.admin(
                        "POST",
                        "/events",
                        """
                        {"name": "Spring Féte!", "event_type": "scheduled",
                         "start_time": "2026-03-02T00:00:00Z", "end_time": "2026-03-02T23:59:59Z",
                         "rewards": [{"reward_type": "experience", "reward_value": {"amount": 1000}}]}
                        """);
        assertThat(created.status()).isEqualTo(201);
        assertThat(created.text("/event_id")).isEqualTo("spring_fete");
        assertThat(created.text("/status")).isEqualTo("created");
        Answer detail = here.get("/events/spring_fete");
        assertThat(detail.body().propertyNames())
                .containsExactly("event_info", "participants", "rewards", "analytics");
        assertThat(detail.text("/event_info/category")).isEqualTo("limited");
        assertThat(detail.number("/event_info/max_participants")).isEqualTo(10_000);
        assertThat(detail.number("/event_info/duration")).isEqualTo(86_399);
        assertThat(detail.text("/rewards/0/reward_id")).isEqualTo("reward_1");
        assertThat(detail.number("/participants/count")).isZero();
        assertThat(detail.number("/analytics/rewards_earned")).isZero();
        Answer namesake =
                here.admin(
                        "POST",
                        "/events",
                        """
                        {"name": "Spring féte", "event_type": "special",
                         "start_time": "2026-03-02T00:00:00Z", "duration": 60}
                        """);
        assertThat(namesake.text("/event_id")).isEqualTo("spring_fete_2");
        assertThat(namesake.text("/event_info/end_time")).isEqualTo("2026-03-02T00:01:00Z");
    }

    @Test
    void everyFaultIsNamedAtOnce() {
        Answer refused =
                here.admin(
                        "POST",
                        "/events",
                        """
                        {"event_id": "No Slug", "event_type": "party", "start_time": "tomorrow",
                         "max_participants": 0, "requirements": {"when": "player.levle > 3"},
                         "rewards": [{"reward_type": "gold", "reward_value": {"amount": 1},
                                      "reward_condition": {"on": "milestone", "when": "progress.kills >"}}],
                         "colour": "red"}
                        """);
        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.body().at("/errors").valueStream().map(e -> e.get("field").asString()))
                .contains(
                        "event_id",
                        "name",
                        "event_type",
                        "start_time",
                        "max_participants",
                        "requirements.when",
                        "rewards[0].reward_condition.when",
                        "colour");
    }

    @Test
    void anIdIsTakenOnce() {
        create("once", Duration.ofHours(1), Duration.ofHours(1), "");
        Answer again = post("once", Duration.ofHours(1), Duration.ofHours(1), "");
        assertThat(again.status()).isEqualTo(409);
        assertThat(again.text("/code")).isEqualTo("event_exists");
    }

    @Test
    void theSameKeyCreatesOnce() {
        String body =
                """
                {"name": "Keyed", "event_type": "special", "start_time": "2026-03-09T00:00:00Z"}
                """;
        Answer first = here.admin("POST", "/events", body, "Idempotency-Key", "k1");
        Answer second = here.admin("POST", "/events", body, "Idempotency-Key", "k1");
        assertThat(second.body()).isEqualTo(first.body());
        assertThat(here.texts("SELECT event_id FROM liveops.events WHERE name = ?", "Keyed"))
                .hasSize(1);
    }

    @Test
    void anUpdateBeforeTheStartReachesTheOccurrence() {
        create("moving", Duration.ofHours(1), Duration.ofHours(1), "");
        Answer updated =
                here.admin(
                        "PUT",
                        "/events/moving",
                        """
                        {"event_id": "moving", "updates": {"max_participants": 7,
                          "settings": {"complete_when": "progress.kills >= 3"},
                          "rewards": [{"reward_id": "cup", "reward_type": "item", "reward_value": {"item_id": "cup"}, "max_claims": 2}]}}
                        """);
        assertThat(updated.body().at("/success").booleanValue()).isTrue();
        assertThat(updated.number("/updated_event/version")).isEqualTo(2);
        Occurrence occurrence = occurrence("moving");
        assertThat(occurrence.maxParticipants()).isEqualTo(7);
        assertThat(occurrence.rules().completeWhen()).isNotNull();
        assertThat(
                        here.texts(
                                "SELECT reward_id || max_claims FROM liveops.occurrence_rewards"
                                        + " WHERE event_id = ?",
                                "moving"))
                .containsExactly("cup2");
    }

    @Test
    void whileItRunsOnlyItsFaceItsRoomAndALaterEndChange() {
        create("running", Duration.ofMinutes(-1), Duration.ofHours(1), "");
        Answer refused =
                here.admin(
                        "PUT",
                        "/events/running",
                        """
                        {"rewards": [{"reward_type": "gold", "reward_value": {"amount": 1}}], "max_participants": 1}
                        """);
        assertThat(refused.status()).isEqualTo(409);
        assertThat(refused.text("/code")).isEqualTo("event_running");
        assertThat(refused.text("/detail")).contains("rewards", "a smaller max_participants");
        Instant later = platform.clock().instant().plus(Duration.ofDays(1));
        Answer allowed =
                here.admin(
                        "PUT",
                        "/events/running",
                        "{\"name\": \"Running on\", \"max_participants\": 20000, \"end_time\": \""
                                + later
                                + "\"}");
        assertThat(allowed.status()).isEqualTo(200);
        assertThat(occurrence("running").endsAt()).isEqualTo(later);
        assertThat(here.get("/events/running").text("/event_info/name")).isEqualTo("Running on");
    }

    @Test
    void whatWasEarnedStaysClaimableAsLongAfterALaterEnd() {
        create("longer", Duration.ofMinutes(-1), Duration.ofHours(1), "");
        Occurrence before = occurrence("longer");
        Instant end = Objects.requireNonNull(before.endsAt());
        grant(before, "earned", end.plus(Duration.ofDays(1)));
        grant(before, "expired", end.plus(Duration.ofDays(1)));
        Instant later = end.plus(Duration.ofDays(7));

        here.admin("PUT", "/events/longer", "{\"end_time\": \"" + later + "\"}");
        here.feature.followMovedEnds();

        assertThat(expiry("longer", "earned")).isEqualTo(later.plus(Duration.ofDays(1)));
        assertThat(expiry("longer", "expired")).isEqualTo(end.plus(Duration.ofDays(1)));
    }

    @Test
    void closedReadsNeedCredentials() {
        create("closed", Duration.ofMinutes(-1), Duration.ofHours(1), "");
        List<String> reads =
                List.of(
                        "/events/closed",
                        "/events/closed/rewards",
                        "/events/closed/leaderboard",
                        "/events/closed/leaderboard/around/ann");
        try (EventsInstance strict =
                new EventsInstance(
                        platform, Map.of("OPEN_READS", "false"), end -> Optional.of(List.of()))) {
            for (String path : reads) {
                assertThat(strict.get(path).status()).as(path).isEqualTo(401);
                assertThat(strict.send("player:ann", "GET", path, "").status())
                        .as(path)
                        .isNotEqualTo(401);
                assertThat(here.get(path).status()).as(path).isNotEqualTo(401);
            }
        }
    }

    @Test
    void anUpdateOfAnOlderVersionIsRefused() {
        create("versioned", Duration.ofHours(1), Duration.ofHours(1), "");
        assertThat(
                        here.admin("PUT", "/events/versioned", "{\"name\": \"A\", \"version\": 1}")
                                .status())
                .isEqualTo(200);
        Answer stale = here.admin("PUT", "/events/versioned", "{\"name\": \"B\", \"version\": 1}");
        assertThat(stale.status()).isEqualTo(409);
        assertThat(stale.text("/code")).isEqualTo("version_conflict");
        assertThat(here.admin("PUT", "/events/versioned", "{\"event_id\": \"other\"}").status())
                .isEqualTo(422);
    }

    @Test
    void cancellingTwiceIsCancellingOnce() {
        create("off", Duration.ofMinutes(-1), Duration.ofHours(1), "");
        assertThat(here.admin("DELETE", "/events/off", "").text("/status")).isEqualTo("cancelled");
        assertThat(here.admin("DELETE", "/events/off", "").status()).isEqualTo(200);
        assertThat(occurrence("off").status()).isEqualTo(Occurrence.Status.CANCELLED);
        assertThat(here.told("off").stream().filter(t -> t.endsWith("cancelled"))).hasSize(1);
        assertThat(here.admin("PUT", "/events/off", "{\"name\": \"On\"}").text("/code"))
                .isEqualTo("event_finished");
    }

    @Test
    void anAdminEndsItByHand() {
        create("ended", Duration.ofMinutes(-1), Duration.ofHours(9), "");
        Instant now = platform.clock().instant();
        assertThat(here.send("service", "POST", "/events/ended/complete", "").status())
                .isEqualTo(403);
        assertThat(here.admin("POST", "/events/ended/complete", "").status()).isEqualTo(200);
        assertThat(here.admin("POST", "/events/ended/complete", "").status()).isEqualTo(200);
        assertThat(occurrence("ended").status()).isEqualTo(Occurrence.Status.CLOSING);
        assertThat(occurrence("ended").endsAt()).isEqualTo(now);
        assertThat(here.admin("DELETE", "/events/ended", "").status()).isEqualTo(409);
        Answer player =
                here.send(
                        "service",
                        "POST",
                        "/events/ended/complete",
                        "{\"user_id\": \"anna\", \"event_id\": \"ended\"}");
        assertThat(player.text("/completed")).isEqualTo("anna");
    }

    @Test
    void whoEndsAnEventChangesNothingElse() {
        create(
                "closing",
                Duration.ofMinutes(-1),
                Duration.ofHours(9),
                """
                , "settings": {"progress": [{"metric": "kills", "on": "game.kill"}], "score": "progress.kills"},
                  "requirements": {"when": "player.level > 3"}\
                """);
        Answer refused =
                here.admin(
                        "PUT",
                        "/events/closing",
                        "{\"status\": \"cancelled\", \"name\": \"X\", \"max_participants\": 3}");
        assertThat(refused.status()).isEqualTo(409);
        assertThat(refused.text("/code")).isEqualTo("event_ends");
        assertThat(refused.text("/detail")).contains("name, max_participants");
        assertThat(occurrence("closing").status()).isEqualTo(Occurrence.Status.ACTIVE);
        String name = here.get("/events/closing").text("/event_info/name");
        Answer cancelled =
                here.admin(
                        "PUT",
                        "/events/closing",
                        "{\"status\": \"cancelled\", \"name\": \"" + name + "\"}");
        assertThat(cancelled.text("/updated_event/status")).isEqualTo("cancelled");
    }

    @Test
    void anAdminStartsItEarly() {
        create("early", Duration.ofDays(1), Duration.ofHours(9), "");
        Answer started = here.admin("PUT", "/events/early", "{\"status\": \"active\"}");
        assertThat(started.text("/updated_event/status")).isEqualTo("active");
        assertThat(occurrence("early").covers(platform.clock().instant())).isTrue();
        assertThat(here.admin("PUT", "/events/early", "{\"status\": \"draft\"}").text("/code"))
                .isEqualTo("transition_not_possible");
    }

    @Test
    void listsAreFilteredAndPaged() {
        for (int i = 0; i < 3; i++) {
            create(
                    "filtered_" + i,
                    Duration.ofMinutes(-1),
                    Duration.ofHours(9),
                    ", \"category\": \"filtered\"");
        }
        Answer list = here.get("/events?category=filtered&status=active&page=2&limit=2");
        assertThat(list.number("/total")).isEqualTo(3);
        assertThat(list.number("/page")).isEqualTo(2);
        assertThat(list.number("/limit")).isEqualTo(2);
        assertThat(list.body().at("/events")).hasSize(1);
        assertThat(here.get("/events?category=filtered&page=9").number("/total")).isEqualTo(3);
        assertThat(here.get("/events?category=nothing").number("/total")).isZero();
        assertThat(here.get("/events?status=loud").status()).isEqualTo(422);
        here.admin("DELETE", "/events/filtered_0", "");
        assertThat(
                        here.get("/events?category=filtered&status=active&page=2&limit=2")
                                .number("/total"))
                .isEqualTo(2);
        Answer runs = here.get("/events/filtered_1/occurrences");
        assertThat(runs.text("/occurrences/0/status")).isEqualTo("active");
        assertThat(runs.number("/total")).isEqualTo(1);
    }

    @Test
    void theOccurrencesOfAnEventAreToldWithoutCountingWhatWasEarned() throws SQLException {
        create("uncounted", Duration.ofMinutes(-5), Duration.ofHours(1), "");
        try (Connection other = platform.connection();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("LOCK TABLE liveops.grants IN ACCESS EXCLUSIVE MODE");
            assertThat(here.get("/events/uncounted/occurrences").status()).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2045, 2100})
    void anEventIsNotStartedByHandForLongerThanOneMayLast(int year) {
        String id = "far_" + year;
        Answer made =
                here.admin(
                        "POST",
                        "/events",
                        """
                        {"event_id": "%1$s", "name": "%1$s", "event_type": "special",
                         "start_time": "%2$d-01-01T00:00:00Z", "end_time": "%2$d-06-01T00:00:00Z"}
                        """
                                .formatted(id, year));
        assertThat(made.status()).as(made.body().toString()).isEqualTo(201);

        Answer started = here.admin("PUT", "/events/" + id, "{\"status\": \"active\"}");

        assertThat(started.status()).as(started.body().toString()).isEqualTo(422);
        assertThat(started.text("/errors/0/field")).isEqualTo("end_time");
        assertThat(status(id)).isEqualTo("scheduled");
    }

    @Test
    void thePlayerIsNamedInEitherSpelling() {
        create("spelt", Duration.ofMinutes(-5), Duration.ofHours(1), "");
        for (String name : List.of("user_id", "player_id")) {
            String player = "\"%s\": \"ann\"".formatted(name);
            Answer claim =
                    here.send(
                            "service",
                            "POST",
                            "/events/spelt/rewards/claim",
                            "{\"reward_id\": \"none\", %s}".formatted(player));
            assertThat(claim.text("/detail")).as(name).contains("none");
            assertThat(claim.status()).as(name).isEqualTo(404);
            Answer completed =
                    here.send("service", "POST", "/events/spelt/complete", "{" + player + "}");
            assertThat(completed.text("/completed")).as(name).isEqualTo("ann");
            Answer nobody =
                    here.admin("POST", "/events/spelt/complete", "{\"%s\": null}".formatted(name));
            assertThat(nobody.text("/errors/0/field")).isEqualTo(name);
        }
    }

    @Test
    void unfinishedEventsAreLimited() {
        try (EventsInstance strict =
                new EventsInstance(
                        platform, Map.of("MAX_EVENTS", "1"), end -> Optional.of(List.of()))) {
            create("one_more", Duration.ofHours(1), Duration.ofHours(1), "");
            Answer refused =
                    strict.admin(
                            "POST",
                            "/events",
                            """
                            {"name": "Two", "event_type": "special", "start_time": "2026-03-09T00:00:00Z"}
                            """);
            assertThat(refused.text("/code")).isEqualTo("too_many_events");
        }
    }

    @Test
    void aChangeShowsOnTheOtherInstance() {
        try (EventsInstance other =
                new EventsInstance(platform, Map.of(), end -> Optional.of(List.of()))) {
            create("shared", Duration.ofHours(1), Duration.ofHours(1), "");
            Await.untilAsserted(
                    "it is there",
                    () -> {
                        assertThat(other.get("/events/shared").status()).isEqualTo(200);
                        assertThat(other.occurrences.current("shared")).isNotNull();
                    });
            here.admin("PUT", "/events/shared", "{\"name\": \"Renamed\", \"max_participants\": 3}");
            Await.untilAsserted(
                    "it changed",
                    () -> {
                        assertThat(other.get("/events/shared").text("/event_info/name"))
                                .isEqualTo("Renamed");
                        assertThat(
                                        Objects.requireNonNull(other.occurrences.current("shared"))
                                                .maxParticipants())
                                .isEqualTo(3);
                    });
        }
    }

    @Test
    void aRewardThatNobodyCanPayIsRefusedAndLeavesNothing() {
        for (String amount : new String[] {"1e400", "9".repeat(400)}) {
            Answer answer =
                    post(
                            "riches",
                            Duration.ofHours(-1),
                            Duration.ofHours(2),
                            ", \"rewards\": [{\"reward_type\": \"gold\", \"reward_value\": {\"amount\": %s}}]"
                                    .formatted(amount));
            assertThat(answer.status()).as(answer.body().toString()).isEqualTo(422);
            assertThat(answer.text("/errors/0/field")).isEqualTo("rewards[0].reward_value");
        }
        assertThat(here.admin("GET", "/events/riches", "").status()).isEqualTo(404);
    }

    @Test
    void aWindowAtTheEndOfTimeIsRefused() {
        for (String start :
                new String[] {
                    "+999999999-12-31T23:59:59-18:00", "-999999999-01-01T00:00:00+18:00"
                }) {
            Answer answer =
                    here.admin(
                            "POST",
                            "/events",
                            "{\"name\": \"Far\", \"event_type\": \"special\", \"start_time\": \"%s\", \"duration\": 315360000}"
                                    .formatted(start));
            assertThat(answer.status()).as(answer.body().toString()).isEqualTo(422);
            assertThat(answer.text("/errors/0/field")).isEqualTo("start_time");
        }
        Answer none =
                here.admin(
                        "POST",
                        "/events",
                        "{\"name\": \"When\", \"event_type\": \"special\", \"duration\": 315360000}");
        assertThat(none.text("/errors/0/field")).isEqualTo("start_time");
    }

    private static Answer post(String id, Duration start, Duration length, String more) {
        Instant from = platform.clock().instant().plus(start);
        return here.admin(
                "POST",
                "/events",
                "{\"event_id\": \"%s\", \"name\": \"%s\", \"event_type\": \"special\", \"start_time\": \"%s\", \"end_time\": \"%s\"%s}"
                        .formatted(id, id, from, from.plus(length), more));
    }

    private static void create(String id, Duration start, Duration length, String more) {
        Answer answer = post(id, start, length, more);
        assertThat(answer.status()).as(answer.body().toString()).isEqualTo(201);
    }

    private static String status(String id) {
        return here.get("/events/" + id).text("/event_info/status");
    }

    private static Occurrence occurrence(String id) {
        return Objects.requireNonNull(here.occurrences.load(id));
    }

    private static void grant(Occurrence occurrence, String status, Instant expiry) {
        here.texts(
                """
                INSERT INTO liveops.grants (id, occurrence_id, event_id, user_id, reward_id, status, reward_type,
                       reward_value, earned_at, expires_at)
                SELECT gen_random_uuid(), occurrence_id, event_id, '%s', 'prize', '%s', 'gold', '{}', starts_at, '%s'
                  FROM liveops.occurrences WHERE event_id = ?
                RETURNING reward_id
                """
                        .formatted(status, status, expiry),
                occurrence.eventId());
    }

    private static Instant expiry(String eventId, String status) {
        String text =
                here.texts(
                                "SELECT to_json(expires_at) #>> '{}' FROM liveops.grants WHERE event_id = ? AND status = '"
                                        + status
                                        + "'",
                                eventId)
                        .getFirst();
        return OffsetDateTime.parse(text).toInstant();
    }

    private static void complete(String id) {
        here.database.transaction(connection ->
                Transitions.complete(
                        connection, occurrence(id).occurrenceId(), platform.clock().instant()));
        here.occurrences.refreshAll();
        Await.until("it is completed", () -> status(id).equals("completed"));
    }

    @Test
    void whoEndsAnEventOnceMoreIsToldSoInEitherSpelling() {
        create("over_twice", Duration.ofHours(-2), Duration.ofHours(1), "");
        here.feature.tick();
        complete("over_twice");
        for (String body :
                List.of(
                        "{\"status\": \"completed\"}",
                        "{\"updates\": {\"status\": \"completed\"}}")) {
            assertThat(here.admin("PUT", "/events/over_twice", body).status())
                    .as(body)
                    .isEqualTo(200);
        }
        assertThat(here.admin("PUT", "/events/over_twice", "{\"name\": \"New\"}").status())
                .isEqualTo(409);
    }
}
