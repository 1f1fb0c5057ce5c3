package dev.jubilee.server.liveops.participation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.postgres.LaneRefusal;
import dev.jubilee.server.liveops.participation.JoinResult.AlreadyJoined;
import dev.jubilee.server.liveops.participation.JoinResult.Joined;
import dev.jubilee.server.liveops.participation.JoinResult.Reason;
import dev.jubilee.server.liveops.participation.JoinResult.Refused;
import dev.jubilee.server.liveops.participation.LeaveResult.Left;
import dev.jubilee.server.testing.Platform;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class JoinAndLeaveTest {
    @RegisterExtension static final Platform platform = new Platform();
    private static Arena arena;

    @BeforeAll
    static void start() {
        arena = new Arena(platform, platform.clock(), Arena.PATIENT);
    }

    @AfterAll
    static void stop() {
        arena.close();
    }

    @Test
    void whoJoinsTwiceGetsTheSamePlaceAndIsCountedOnce() {
        UUID occurrence = arena.open("twice", 10);
        Joined first = (Joined) join("twice", "ann");
        platform.clock().advance(Duration.ofSeconds(1));
        AlreadyJoined second = (AlreadyJoined) join("twice", "ann");
        assertThat(second.participation()).isEqualTo(first.participation());
        assertThat(arena.counter(occurrence)).isEqualTo(1);
        assertThat(arena.in(occurrence)).containsExactly("ann");
    }

    @Test
    void aFullEventRefusesNewcomersButKnowsWhoIsIn() {
        UUID occurrence = arena.open("full", 2);
        join("full", "ann");
        join("full", "bob");
        assertThat(join("full", "cid")).isEqualTo(new Refused(Reason.FULL));
        assertThat(join("full", "ann")).isInstanceOf(AlreadyJoined.class);
        assertThat(arena.counter(occurrence)).isEqualTo(2);
        leave("full", "bob");
        assertThat(join("full", "cid")).isInstanceOf(Joined.class);
    }

    @Test
    void theWindowDecidesNotTheStatusThatFollowsIt() {
        Instant now = platform.clock().instant();
        arena.event("soon", now.plusSeconds(10), now.plusSeconds(20), "scheduled", 5, "{}");
        assertThat(join("soon", "ann")).isEqualTo(new Refused(Reason.NOT_ACTIVE));
        platform.clock().set(now.plusSeconds(10));
        assertThat(join("soon", "ann")).isInstanceOf(Joined.class);
        platform.clock().set(now.plusSeconds(20));
        assertThat(join("soon", "bob")).isEqualTo(new Refused(Reason.NOT_ACTIVE));
        assertThat(leave("soon", "ann"))
                .isEqualTo(new LeaveResult.Refused(LeaveResult.Reason.ENDED));
    }

    @Test
    void theLockedRowDecidesWhateverMemorySays() {
        UUID occurrence = arena.open("cancelled", 5);
        arena.execute(
                "UPDATE liveops.occurrences SET status = 'cancelled' WHERE occurrence_id = ?",
                occurrence);
        assertThat(join("cancelled", "ann")).isEqualTo(new Refused(Reason.NOT_ACTIVE));
        assertThat(arena.counter(occurrence)).isZero();
    }

    @Test
    void whatIsPublishedInTheMillisecondOfTheJoinCountsFromThere() {
        arena.open("prompt", 5);
        Instant millisecond = platform.clock().instant().plusMillis(5);
        platform.clock().set(millisecond.plusNanos(700_000));
        Joined joined = (Joined) join("prompt", "ann");
        // The bus stamps events by whole milliseconds.
        assertThat(joined.participation().joinedAt()).isEqualTo(millisecond);
        platform.clock().set(millisecond.plusMillis(1));
        assertThat(((AlreadyJoined) join("prompt", "ann")).participation())
                .isEqualTo(joined.participation());
    }

    @Test
    void anUnknownEventIsNotFound() {
        assertThat(join("nowhere", "ann")).isEqualTo(new Refused(Reason.NO_SUCH_EVENT));
        assertThat(leave("nowhere", "ann"))
                .isEqualTo(new LeaveResult.Refused(LeaveResult.Reason.NO_SUCH_EVENT));
    }

    @Test
    void onlyWhoMeetsTheRequirementsComesInAndNobodyIsThrownOut() {
        arena.open("high", 5, "{\"requirements\":{\"when\":\"player.level >= 10\"}}");
        arena.execute(
                "INSERT INTO liveops.players (user_id, level, updated_at) VALUES ('high-ann', 12, now())");
        assertThat(join("high", "high-ann")).isInstanceOf(Joined.class);
        assertThat(join("high", "unknown")).isEqualTo(new Refused(Reason.REQUIREMENTS_NOT_MET));
        arena.execute("UPDATE liveops.players SET level = 1 WHERE user_id = 'high-ann'");
        platform.clock().advance(Duration.ofSeconds(1));
        assertThat(join("high", "high-ann")).isInstanceOf(AlreadyJoined.class);
    }

    @Test
    void whoLeavesMayComeBackAndBeginsAnew() {
        UUID occurrence = arena.open("back", 5);
        Joined first = (Joined) join("back", "ann");
        arena.execute(
                """
                UPDATE liveops.event_participations
                   SET progress = '{"kills": 7}', score = 7, reached_at = now(), status = 'completed',
                       completion_time = now(), rewards_claimed = '["r"]'
                 WHERE occurrence_id = ?
                """,
                occurrence);
        assertThat(leave("back", "ann")).isEqualTo(new Left(true));
        assertThat(leave("back", "ann")).isEqualTo(new Left(false));
        assertThat(leave("back", "stranger")).isEqualTo(new Left(false));
        assertThat(arena.counter(occurrence)).isZero();
        assertThat(arena.statuses(occurrence)).containsEntry("ann", "cancelled");
        platform.clock().advance(Duration.ofSeconds(5));
        Joined again = (Joined) join("back", "ann");
        assertThat(again.participation().participationId())
                .isEqualTo(first.participation().participationId());
        assertThat(again.participation().joinedAt())
                .isEqualTo(first.participation().joinedAt().plusSeconds(5));
        assertThat(arena.counter(occurrence)).isEqualTo(1);
        assertThat(
                        arena.one(
                                """
                                SELECT progress || jsonb_build_object('score', score, 'reached', reached_at,
                                       'completed', completion_time, 'status', status, 'claimed', rewards_claimed)
                                  FROM liveops.event_participations WHERE occurrence_id = ?
                                """,
                                occurrence))
                .isEqualTo(
                        "{\"score\": null, \"status\": \"active\", \"claimed\": [\"r\"], \"reached\": null,"
                                + " \"completed\": null}");
    }

    @Test
    void theOrderOfOneBatchDecidesEvenForTheSamePlayer() {
        UUID occurrence = arena.open("order", 1);
        List<CompletableFuture<? extends ParticipationResult>> results = new ArrayList<>();
        arena.database.transaction(connection -> {
            // While the row is locked, everything below gathers into one batch.
            try (var lock =
                    connection.prepareStatement(
                            "SELECT FROM liveops.occurrences WHERE occurrence_id = ? FOR UPDATE")) {
                lock.setObject(1, occurrence);
                lock.execute();
            }
            results.add(joining("order", "first"));
            results.add(joining("order", "ann"));
            results.add(leaving("order", "first"));
            results.add(joining("order", "ann"));
            results.add(leaving("order", "ann"));
            results.add(joining("order", "ann"));
            results.add(joining("order", "bob"));
            return results;
        });
        assertThat(results.stream().map(CompletableFuture::join).map(Object::getClass))
                .extracting(Class::getSimpleName)
                .containsExactly(
                        "Joined", "Refused", "Left", "Joined", "Left", "Joined", "Refused");
        assertThat(arena.statuses(occurrence))
                .containsOnly(
                        java.util.Map.entry("first", "cancelled"),
                        java.util.Map.entry("ann", "active"));
        assertThat(arena.counter(occurrence)).isEqualTo(1);
    }

    @Test
    void joiningEarnsItsRewardAndTellsOthers() {
        arena.open(
                "paid",
                5,
                """
                {"rewards": [
                  {"reward_id": "hello", "reward_type": "gold", "reward_value": {"amount": 5},
                   "reward_condition": {"on": "join"}},
                  {"reward_id": "later", "reward_type": "gold", "reward_value": {"amount": 9}}]}
                """);
        join("paid", "ann");
        join("paid", "ann");
        assertThat(arena.earned)
                .filteredOn(earned -> earned.occurrence().eventId().equals("paid"))
                .singleElement()
                .satisfies(earned -> {
                    assertThat(earned.rule().rewardId()).isEqualTo("hello");
                    assertThat(earned.userId()).isEqualTo("ann");
                });
        assertThat(
                        arena.one(
                                """
                                SELECT count(*) FROM platform.outbox, json_array_elements(events::json) AS e
                                 WHERE e ->> 'type' = 'liveops.participant.joined' AND e ->> 'key' = 'ann'
                                   AND e -> 'data' ->> 'event_id' = 'paid'
                                """))
                .isEqualTo("1");
    }

    @Test
    void aRequestThatCannotBeWrittenFailsAlone() {
        UUID occurrence = arena.open("poison", 50);
        List<CompletableFuture<JoinResult>> results = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            results.add(joining("poison", i == 11 ? "nul\u0000" : "p" + i));
        }
        assertThatThrownBy(() -> results.get(11).join()).isInstanceOf(CompletionException.class);
        results.remove(11);
        assertThat(results).allSatisfy(r -> assertThat(r.join()).isInstanceOf(Joined.class));
        assertThat(arena.counter(occurrence)).isEqualTo(19);
    }

    @Test
    void aFullLaneRefusesAtOnceAndClosingAnswersWhatWasAccepted() throws Exception {
        UUID occurrence = arena.open("closing", 100_000);
        Arena small =
                new Arena(
                        platform,
                        platform.clock(),
                        new ParticipationSettings(50, 1_000, Duration.ofSeconds(30)));
        List<CompletableFuture<JoinResult>> results = new ArrayList<>();
        Thread closing = Thread.ofVirtual().unstarted(small::close);
        for (int i = 0; i < 20_000; i++) {
            if (i == 10_000) {
                closing.start();
            }
            results.add(
                    small.participations
                            .join("closing", "p" + i, Participation.Type.MANUAL)
                            .toCompletableFuture());
        }
        closing.join();
        results.add(
                small.participations
                        .join("closing", "too late", Participation.Type.MANUAL)
                        .toCompletableFuture());
        int joined = 0;
        List<LaneRefusal.Reason> refusals = new ArrayList<>();
        for (CompletableFuture<JoinResult> result : results) {
            try {
                assertThat(result.orTimeout(2, TimeUnit.MINUTES).join()).isInstanceOf(Joined.class);
                joined++;
            } catch (CompletionException e) {
                refusals.add(((LaneRefusal) Objects.requireNonNull(e.getCause())).reason());
            }
        }
        assertThat(refusals).contains(LaneRefusal.Reason.FULL).endsWith(LaneRefusal.Reason.CLOSED);
        assertThat(joined).isGreaterThanOrEqualTo(500); // half the room is anybody's
        assertThat(arena.in(occurrence)).hasSize(joined);
        assertThat(arena.counter(occurrence)).isEqualTo(joined);
    }

    private static JoinResult join(String eventId, String player) {
        return joining(eventId, player).join();
    }

    private static CompletableFuture<JoinResult> joining(String eventId, String player) {
        return arena.participations
                .join(eventId, player, Participation.Type.MANUAL)
                .toCompletableFuture();
    }

    private static LeaveResult leave(String eventId, String player) {
        return leaving(eventId, player).join();
    }

    private static CompletableFuture<LeaveResult> leaving(String eventId, String player) {
        return arena.participations.leave(eventId, player).toCompletableFuture();
    }
}
