package dev.jubilee.server.liveops.progress;

import static dev.jubilee.server.liveops.progress.Records.event;
import static dev.jubilee.server.liveops.progress.Records.ours;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.IdOrigin;
import dev.jubilee.events.kafka.Batch;
import dev.jubilee.events.kafka.BatchHandler.Handled;
import dev.jubilee.server.liveops.Scene;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.testing.Platform;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ProgressHandlerTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Instant NOW = Scene.START.plusSeconds(60);
    private static final String KILLS =
            """
            {"progress": [{"metric": "kills", "on": "game.kill", "add": "1"}], "score": "progress.kills"}\
            """;
    private static final String AUTOMATIC = KILLS.replaceFirst("\\{", "{\"join\": \"automatic\", ");
    private static int number;

    private Scene scene;
    private ProgressHandler handler;
    private Records records;
    private String eventId;

    @BeforeEach
    void set() {
        scene = new Scene(platform);
        handler = new ProgressHandler(scene.parts(), scene.offsets(), StandingCache.oneOf(1));
        records = new Records(++number);
        eventId = "event_" + number;
    }

    @AfterEach
    void strike() {
        scene.run("UPDATE liveops.occurrences SET status = 'completed'");
        scene.close();
    }

    @Test
    void anEventThatComesTwiceCountsOnce() {
        Occurrence occurrence = joined(KILLS, "ann");
        Envelope kill = kill("k1", "ann", NOW);

        consume(kill, kill);
        consume(kill);

        assertThat(scene.metric(occurrence, "ann", "kills")).isEqualTo("1");
    }

    @Test
    void anEventThatComesTwiceCountsOnceOnTwoInstancesAtOnce() throws Exception {
        Occurrence occurrence = joined(KILLS, "ann");
        try (Scene other = new Scene(platform)) {
            for (int round = 0; round < 20; round++) {
                Envelope kill = kill("k" + round, "ann", NOW);
                Records elsewhere = new Records(1000 + number * 100 + round);
                elsewhere.write(kill);
                records.write(kill);
                atOnce(
                        handler,
                        records.next(),
                        new ProgressHandler(other.parts(), other.offsets(), StandingCache.oneOf(1)),
                        elsewhere.next());
            }
        }
        assertThat(scene.metric(occurrence, "ann", "kills")).isEqualTo("20");
    }

    @Test
    void aConsumerThatWasOvertakenChangesNothing() {
        Occurrence occurrence = joined(KILLS, "ann");
        records.write(ours(kill("k1", "ann", NOW)));
        Batch zombies = records.peek();
        assertThat(handler.handle(records.next())).isEqualTo(Handled.ADVANCED);

        try (Scene other = new Scene(platform)) {
            ProgressHandler zombie =
                    new ProgressHandler(other.parts(), other.offsets(), StandingCache.oneOf(1));
            assertThat(zombie.handle(zombies)).isEqualTo(Handled.FENCED);
        }
        assertThat(scene.metric(occurrence, "ann", "kills")).isEqualTo("1");
    }

    @Test
    void whatWasAcceptedBeforeThePlayerJoinedDoesNotCount() {
        Occurrence occurrence = occurrence(KILLS, "[]");
        scene.join(occurrence, NOW, "ann");

        consume(kill("before", "ann", NOW.minusNanos(1000)), kill("then", "ann", NOW));

        assertThat(scene.metric(occurrence, "ann", "kills")).isEqualTo("1");
    }

    @Test
    void theWindowIncludesItsStartAndExcludesItsEnd() {
        Occurrence occurrence = occurrence(KILLS, "[]");
        scene.join(occurrence, Scene.START.minusSeconds(9), "ann");

        consume(
                kill("early", "ann", Scene.START.minusNanos(1000)),
                kill("first", "ann", Scene.START),
                kill("last", "ann", Scene.END.minusNanos(1000)),
                kill("late", "ann", Scene.END));

        assertThat(scene.metric(occurrence, "ann", "kills")).isEqualTo("2");
    }

    @Test
    void whoLeftDoesNotProgress() {
        Occurrence occurrence = joined(KILLS, "ann");
        scene.run(
                "UPDATE liveops.event_participations SET status = 'cancelled' WHERE user_id = 'ann'");
        consume(kill("k1", "ann", NOW));
        assertThat(scene.metric(occurrence, "ann", "kills")).isEqualTo("null");
    }

    @Test
    void nothingCountsForWhatWasCalledOffThoughNotAllAreOutYet() {
        Occurrence occurrence = joined(KILLS, "ann");
        consume(kill("k1", "ann", NOW));
        scene.run(
                "UPDATE liveops.occurrences SET status = 'cancelled', cancelling = true WHERE event_id = ?",
                eventId);
        consume(kill("k2", "ann", NOW));
        assertThat(scene.metric(occurrence, "ann", "kills")).isEqualTo("1");
    }

    @Test
    void whatAnotherInstanceWroteIsNotOverwritten() {
        Occurrence occurrence = joined(KILLS, "ann");
        try (Scene other = new Scene(platform)) {
            ProgressHandler theirs =
                    new ProgressHandler(other.parts(), other.offsets(), StandingCache.oneOf(1));
            Records elsewhere = new Records(9000 + number);
            for (int i = 0; i < 3; i++) {
                consume(kill("ours" + i, "ann", NOW));
                theirs.handle(elsewhere.write(kill("theirs" + i, "ann", NOW)).next());
            }
        }
        assertThat(scene.metric(occurrence, "ann", "kills")).isEqualTo("6");
    }

    @Test
    void whatDependsOnTheMetricsIsJudgedByWhatOthersWrote() {
        String bosses =
                """
                {"progress": [
                    {"metric": "kills", "on": "game.kill", "add": "1"},
                    {"metric": "hits", "on": "game.shot", "when": "data.hit == true", "add": "1"},
                    {"metric": "bosses", "on": "game.boss", "when": "progress.kills >= 5", "add": "1"}]}\
                """;
        Occurrence occurrence = joined(bosses, "ann");
        consume(kill("k1", "ann", NOW));
        scene.run(
                "UPDATE liveops.event_participations SET progress = '{\"kills\": 5}' WHERE event_id = ?",
                eventId);

        consume(
                event("s1", "game.shot", "ann", NOW, "{\"hit\": false}"),
                event("b1", "game.boss", "ann", NOW, "{}"));

        assertThat(scene.metric(occurrence, "ann", "bosses")).isEqualTo("1");
    }

    @Test
    void whoLeavesAndComesBackBeginsAnew() {
        Occurrence occurrence = joined(KILLS, "ann");
        consume(kill("k1", "ann", NOW));
        scene.run(
                "UPDATE liveops.event_participations SET status = 'cancelled' WHERE event_id = ?",
                eventId);
        consume(kill("k2", "ann", NOW.plusSeconds(1)));
        scene.run(
                """
                UPDATE liveops.event_participations
                   SET status = 'active', progress = '{}', score = NULL, reached_at = NULL, participation_time = ?::timestamptz
                 WHERE event_id = ?
                """,
                NOW.plusSeconds(10),
                eventId);
        consume(
                kill("k3", "ann", NOW.plusSeconds(9)),
                kill("k4", "ann", NOW.plusSeconds(10)),
                kill("k5", "ann", NOW.plusSeconds(11)));

        assertThat(scene.metric(occurrence, "ann", "kills")).isEqualTo("2");
    }

    @Test
    void whatDoesNotBeatAnOldBestIsTheBestOfWhoBeganAnew() {
        String fastest =
                """
                {"progress": [{"metric": "best_time", "on": "game.run", "set": "min", "value": "data.seconds"}]}\
                """;
        Occurrence occurrence = joined(fastest, "ann", "bob");
        consume(
                event("f1", "game.run", "ann", NOW, "{\"seconds\": 10}"),
                event("f2", "game.run", "bob", NOW, "{\"seconds\": 10}"));
        scene.run(
                """
                UPDATE liveops.event_participations SET progress = '{}', participation_time = ?::timestamptz
                 WHERE event_id = ? AND user_id = 'ann'
                """,
                NOW.plusSeconds(1),
                eventId);

        consume(
                event("f3", "game.run", "ann", NOW.plusSeconds(2), "{\"seconds\": 15}"),
                event("f4", "game.run", "bob", NOW.plusSeconds(2), "{\"seconds\": 15}"));

        assertThat(scene.metric(occurrence, "ann", "best_time")).isEqualTo("15");
        assertThat(scene.metric(occurrence, "bob", "best_time")).isEqualTo("10");
    }

    @Test
    void whatARelayBringsCountsFromWhenKafkaTookItOver() {
        Occurrence occurrence = joined(KILLS, "ann");
        Instant joined = NOW.plusMillis(10);
        scene.run(
                "UPDATE liveops.event_participations SET participation_time = ?::timestamptz WHERE event_id = ?",
                joined,
                eventId);
        Envelope change = relayed(kill("r1", "ann", joined.minusMillis(1)));
        Envelope late = relayed(kill("r2", "ann", joined));

        records.append(change, joined.plusMillis(5));
        assertThat(handler.handle(records.next())).isEqualTo(Handled.ADVANCED);
        assertThat(scene.metric(occurrence, "ann", "kills")).as("after the join").isEqualTo("1");

        records.append(late, Objects.requireNonNull(occurrence.endsAt()));
        assertThat(handler.handle(records.next())).isEqualTo(Handled.ADVANCED);
        assertThat(scene.metric(occurrence, "ann", "kills")).as("after the end").isEqualTo("1");
    }

    @Test
    void anOccurrenceMadeElsewhereAMomentAgoIsNotMissed() {
        consume(kill("k0", "ann", NOW));
        UUID made = scene.announce(eventId, 100, AUTOMATIC, "[]");

        consume(kill("k1", "ann", NOW));

        assertThat(
                        scene.value(
                                "SELECT progress ->> 'kills' FROM liveops.event_participations WHERE occurrence_id = ?::uuid",
                                made))
                .isEqualTo("1");
    }

    @Test
    void theFirstEventLetsAPlayerInAndCounts() {
        Occurrence occurrence = occurrence(AUTOMATIC, reward("welcome", "{\"on\": \"join\"}"));
        consume(kill("k1", "ann", NOW), kill("k2", "ann", NOW.plusSeconds(1)));

        assertThat(scene.metric(occurrence, "ann", "kills")).isEqualTo("2");
        assertThat(participants(occurrence)).isEqualTo("1");
        assertThat(scene.column("SELECT reward_id FROM liveops.grants WHERE event_id = ?", eventId))
                .containsExactly("welcome");
        assertThat(told()).contains("liveops.participant.joined", "liveops.reward.earned");
    }

    @Test
    void anEventThatDoesNotCountLetsNobodyIn() {
        String ranked =
                """
                {"join": "automatic", "progress": [
                    {"metric": "points", "on": "game.run", "when": "data.ranked == true", "add": "data.points"}]}\
                """;
        Occurrence occurrence = occurrence(ranked, "[]");
        consume(
                event("a1", "game.run", "ann", NOW, "{\"ranked\": false, \"points\": 1}"),
                event("a2", "game.run", "bob", NOW, "{\"ranked\": true}"),
                event("a3", "game.run", "cid", NOW, "{\"ranked\": false, \"points\": 2}"),
                event("a4", "game.run", "cid", NOW, "{\"ranked\": true, \"points\": 3}"));

        assertThat(
                        scene.column(
                                "SELECT user_id FROM liveops.event_participations WHERE event_id = ?",
                                eventId))
                .containsExactly("cid");
        assertThat(scene.metric(occurrence, "cid", "points")).isEqualTo("3");
        assertThat(participants(occurrence)).isEqualTo("1");
    }

    @Test
    void automaticJoinsNeverExceedTheCapacityFromTwoInstances() throws Exception {
        Occurrence occurrence = scene.occurrence(eventId, 50, AUTOMATIC, "[]");
        try (Scene other = new Scene(platform)) {
            ProgressHandler theirs =
                    new ProgressHandler(other.parts(), other.offsets(), StandingCache.oneOf(1));
            Records elsewhere = new Records(5000 + number);
            for (int round = 0; round < 10; round++) {
                for (int i = 0; i < 10; i++) {
                    records.write(kill("a" + round + i, "a" + round + i, NOW));
                    elsewhere.write(kill("b" + round + i, "b" + round + i, NOW));
                }
                atOnce(handler, records.next(), theirs, elsewhere.next());
            }
        }
        assertThat(participants(occurrence)).isEqualTo("50");
        // The database would refuse the 51st as well, but nobody is to be taken for a poisoned
        // event.
        assertThat(
                        scene.value(
                                "SELECT count(*) FROM platform.parked_events WHERE partition IN (?::integer, ?::integer)",
                                number,
                                5000 + number))
                .isEqualTo("0");
        assertThat(
                        scene.value(
                                "SELECT count(*) FROM liveops.event_participations WHERE occurrence_id = ?::uuid",
                                occurrence.occurrenceId()))
                .isEqualTo("50");
    }

    @Test
    void completionAndMilestonesAreRewardedOnceAndTold() {
        String settings =
                KILLS.replaceFirst("\\{", "{\"complete_when\": \"progress.kills >= 2\", ");
        Occurrence occurrence =
                occurrence(
                        settings,
                        "["
                                + rule("done", "{\"on\": \"complete\"}")
                                + ","
                                + rule(
                                        "one",
                                        "{\"on\": \"milestone\", \"when\": \"progress.kills >= 1\"}")
                                + "]");
        scene.join(occurrence, Scene.START, "ann");

        consume(kill("k1", "ann", NOW));
        consume(kill("k2", "ann", NOW.plusSeconds(5)), kill("k3", "ann", NOW.plusSeconds(6)));

        assertThat(
                        scene.column(
                                "SELECT reward_id FROM liveops.grants WHERE event_id = ? ORDER BY 1",
                                eventId))
                .containsExactly("done", "one");
        assertThat(
                        scene.value(
                                "SELECT completion_time = ?::timestamptz FROM liveops.event_participations WHERE event_id = ?",
                                NOW.plusSeconds(5),
                                eventId))
                .isEqualTo("t");
        assertThat(scene.metric(occurrence, "ann", "kills")).isEqualTo("3");
        assertThat(told()).contains("liveops.participant.completed", "liveops.reward.earned");
        assertThat(
                        scene.value(
                                """
                                SELECT e -> 'data' ->> 'progress' FROM platform.outbox, json_array_elements(events::json) e
                                 WHERE e ->> 'type' = 'liveops.participant.completed' AND e -> 'data' ->> 'event_id' = ?
                                """,
                                eventId))
                .isEqualTo("{\"kills\":3}");
    }

    @Test
    void automaticRewardsAreClaimedUpToTheirCap() {
        String milestone =
                "{\"on\": \"milestone\", \"when\": \"progress.kills >= 1\", \"claim\": \"automatic\"}";
        String capped = rule("first", milestone).replaceFirst("\\{", "{\"max_claims\": 2, ");
        Occurrence occurrence = occurrence(KILLS, "[" + capped + "]");
        scene.join(occurrence, Scene.START, "ann", "bob", "cid");

        consume(kill("k1", "ann", NOW), kill("k2", "bob", NOW));
        consume(kill("k3", "cid", NOW), kill("k4", "ann", NOW));

        assertThat(
                        scene.column(
                                "SELECT user_id || ' ' || status FROM liveops.grants WHERE event_id = ? ORDER BY 1",
                                eventId))
                .containsExactly("ann claimed", "bob claimed");
        assertThat(
                        scene.value(
                                "SELECT current_claims FROM liveops.event_rewards WHERE event_id = ?",
                                eventId))
                .isEqualTo("2");
        assertThat(
                        scene.value(
                                "SELECT rewards_claimed FROM liveops.event_participations WHERE event_id = ? AND user_id = 'ann'",
                                eventId))
                .isEqualTo("[\"first\"]");
    }

    @Test
    void theScoreIsReachedWhenItLastChanged() {
        String best =
                """
                {"progress": [{"metric": "best", "on": "game.run", "set": "max", "value": "data.points"}],
                 "score": "progress.best"}\
                """;
        joined(best, "ann");
        consume(
                event("r1", "game.run", "ann", NOW, "{\"points\": 70}"),
                event("r2", "game.run", "ann", NOW.plusSeconds(1), "{\"points\": 90}"),
                event("r3", "game.run", "ann", NOW.plusSeconds(2), "{\"points\": 80}"));
        assertThat(
                        scene.value(
                                "SELECT score || ' ' || (reached_at = ?::timestamptz) FROM liveops.event_participations WHERE event_id = ?",
                                NOW.plusSeconds(1),
                                eventId))
                .isEqualTo("90 true");
    }

    @Test
    void anOccurrenceThatCannotBeReadStallsNothing() {
        Occurrence occurrence = joined(KILLS, "ann");
        scene.announce("unreadable", 10, "{\"score\": \"progress.\"}", "[]");

        consume(kill("k1", "ann", NOW));

        assertThat(scene.metric(occurrence, "ann", "kills")).isEqualTo("1");
    }

    @Test
    void aNumberBeyondEveryDoubleSpoilsNoEvent() {
        scene.run(
                """
                INSERT INTO liveops.players (user_id, updated_at, attributes)
                VALUES ('ann', now(), ('{"power": ' || repeat('9', 400) || '}')::jsonb)
                """);
        UUID id = scene.announce(eventId, 100, AUTOMATIC, "[]");
        scene.run(
                """
                UPDATE liveops.occurrences
                   SET config = jsonb_set(config, '{requirements}', '{"when": "player.attributes.power > 5"}')
                 WHERE event_id = ?
                """,
                eventId);
        scene.occurrences().refresh(id);
        Occurrence occurrence = Objects.requireNonNull(scene.occurrences().byId(id));

        consume(kill("k1", "ann", NOW), kill("k2", "bob", NOW));

        assertThat(
                        scene.column(
                                "SELECT record ->> 'id' FROM platform.parked_events WHERE partition = ?::integer",
                                number))
                .isEmpty();
        assertThat(scene.metric(occurrence, "ann", "kills")).isEqualTo("1");
    }

    @Test
    void anEventCountsForItsSubjectAndForNobodyByItsKey() {
        Occurrence occurrence = occurrence(AUTOMATIC, "[]");
        Envelope match = kill("k1", "match-7", NOW).toBuilder().subject(null).build();
        Envelope ann = kill("k2", "ann", NOW).toBuilder().partitionKey("match-7").build();

        consume(match, ann, kill("k3", "x".repeat(65), NOW), kill("k4", " ", NOW));

        assertThat(
                        scene.column(
                                "SELECT user_id FROM liveops.event_participations WHERE event_id = ?",
                                eventId))
                .containsExactly("ann");
        assertThat(scene.metric(occurrence, "ann", "kills")).isEqualTo("1");
    }

    @Test
    void aPoisonedPayloadIsPutAsideAndStallsNothing() {
        String points =
                """
                {"progress": [{"metric": "points", "on": "game.run", "add": "data.points"}]}\
                """;
        Occurrence occurrence = joined(points, "ann");
        consume(
                event("p1", "game.run", "ann", NOW, "{\"points\": 1}"),
                event("p2", "game.run", "ann", NOW, "{broken"),
                event("p3", "game.run", "x".repeat(65), NOW, "{\"points\": 1}"),
                event("p4", "game.run", "ann", NOW, "{\"points\": \"many\"}"),
                event("p5", "game.run", "ann", NOW, "{\"points\": 2}"));

        assertThat(scene.metric(occurrence, "ann", "points")).isEqualTo("3");
        assertThat(
                        scene.column(
                                "SELECT record ->> 'id' FROM platform.parked_events WHERE partition = ?::integer ORDER BY record_offset",
                                number))
                .containsExactly("p2", "p3");
    }

    @Test
    void whatIsWrittenWhereALogWasCutIsPutAsideBesideWhatWasThereBefore() {
        joined(KILLS, "ann");
        String tooLong = "x".repeat(65);
        consume(event("lost", "game.kill", tooLong, NOW, "{}"));
        scene.run("DELETE FROM platform.consumer_offsets WHERE partition = ?::integer", number);
        records = new Records(number);
        scene.clock().advance(Duration.ofSeconds(1));

        consume(event("new", "game.kill", tooLong, NOW, "{}"));

        assertThat(
                        scene.column(
                                "SELECT record ->> 'id' FROM platform.parked_events WHERE partition = ?::integer AND record_offset = 0 ORDER BY parked_at",
                                number))
                .containsExactly("lost", "new");
    }

    @Test
    void whatTheDatabaseRefusesIsPutAsideAloneAndTheRestCounts() {
        Occurrence occurrence = joined(KILLS, "ann", "bob");
        scene.run(
                "ALTER TABLE liveops.event_participations ADD CONSTRAINT refused CHECK (user_id <> 'bob' OR score IS NULL) NOT VALID");
        try {
            consume(kill("k1", "ann", NOW), kill("k2", "bob", NOW), kill("k3", "ann", NOW));
        } finally {
            scene.run("ALTER TABLE liveops.event_participations DROP CONSTRAINT refused");
        }
        assertThat(scene.metric(occurrence, "ann", "kills")).isEqualTo("2");
        assertThat(scene.metric(occurrence, "bob", "kills")).isEqualTo("null");
        assertThat(
                        scene.value(
                                "SELECT record ->> 'id' FROM platform.parked_events WHERE partition = ?::integer",
                                number))
                .isEqualTo(number + "-k2");
    }

    private static void atOnce(ProgressHandler one, Batch his, ProgressHandler other, Batch hers)
            throws Exception {
        CyclicBarrier barrier = new CyclicBarrier(2);
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            Future<Handled> first =
                    threads.submit(() -> {
                        barrier.await();
                        return one.handle(his);
                    });
            Future<Handled> second =
                    threads.submit(() -> {
                        barrier.await();
                        return other.handle(hers);
                    });
            assertThat(first.get()).isEqualTo(Handled.ADVANCED);
            assertThat(second.get()).isEqualTo(Handled.ADVANCED);
        }
    }

    private Occurrence joined(String settings, String... users) {
        Occurrence occurrence = occurrence(settings, "[]");
        scene.join(occurrence, Scene.START, users);
        return occurrence;
    }

    private Occurrence occurrence(String settings, String rewards) {
        return scene.occurrence(eventId, 100, settings, rewards);
    }

    private static String reward(String id, String condition) {
        return "[" + rule(id, condition) + "]";
    }

    private static String rule(String id, String condition) {
        return """
        {"reward_id": "%s", "reward_type": "gold", "reward_value": {"amount": 5}, "reward_condition": %s}\
        """
                .formatted(id, condition);
    }

    private static Envelope kill(String id, String player, Instant at) {
        return event(number + "-" + id, "game.kill", player, at, "{}");
    }

    private static Envelope relayed(Envelope event) {
        return event.toBuilder().idOrigin(IdOrigin.RELAYED).build();
    }

    private void consume(Envelope... events) {
        records.write(events);
        assertThat(handler.handle(records.next())).isEqualTo(Handled.ADVANCED);
    }

    private String participants(Occurrence occurrence) {
        return scene.value(
                "SELECT current_participants FROM liveops.occurrences WHERE occurrence_id = ?::uuid",
                occurrence.occurrenceId());
    }

    private java.util.List<String> told() {
        return scene.column(
                "SELECT e ->> 'type' FROM platform.outbox, json_array_elements(events::json) e WHERE e -> 'data' ->> 'event_id' = ?",
                eventId);
    }

    @Test
    void aPayloadThatIsNoJsonCountsWhereNobodyLooksIntoIt() {
        String looking =
                """
                {"progress": [{"metric": "points", "on": "game.kill", "add": "data.points"}]}\
                """;
        Occurrence first = scene.occurrence(eventId + "_1", 9, looking, "[]");
        Occurrence second = scene.occurrence(eventId + "_2", 9, looking, "[]");
        Occurrence blind = scene.occurrence(eventId + "_3", 9, KILLS, "[]");
        records.write(event("b1", "game.kill", "ann", NOW, "{broken"));

        Matcher.Found found =
                Matcher.match(
                        new RuleIndex(List.of(first, second, blind)), records.next().records());

        assertThat(found.candidates())
                .extracting(hit -> hit.binding().occurrence())
                .containsExactly(blind);
        assertThat(found.poisoned()).hasSize(1);
    }
}
