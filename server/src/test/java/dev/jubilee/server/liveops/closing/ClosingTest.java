package dev.jubilee.server.liveops.closing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.liveops.Scene;
import dev.jubilee.server.liveops.leaderboards.Leaderboards;
import dev.jubilee.server.liveops.leaderboards.Leaderboards.Entry;
import dev.jubilee.server.liveops.leaderboards.TieBreak;
import dev.jubilee.server.liveops.occurrences.BusTopics;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ClosingTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final String GROUP = "progress-test";
    private static final String RANKED =
            """
            {"progress": [{"metric": "kills", "on": "game.kill", "add": "1"}], "score": "progress.kills"}\
            """;
    private static final String PODIUM =
            """
            [{"reward_id": "podium", "reward_type": "title", "reward_value": {"title": "Slayer"},
              "reward_condition": {"on": "rank", "top": 7}},
             {"reward_id": "winner", "reward_type": "gold", "reward_value": {"amount": 9},
              "reward_condition": {"on": "rank", "top": 1, "claim": "automatic"}}]\
            """;
    private static final UUID TOPIC = new UUID(0, 7);
    private static final UUID MADE_AGAIN = new UUID(0, 8);
    private static int number;

    private record Topics(Map<String, UUID> ids) implements BusTopics {
        @Override
        public Collection<String> names() {
            return ids.keySet();
        }
    }

    /** A topic that was deleted past the platform. */
    private record Lost() implements BusTopics {
        @Override
        public Collection<String> names() {
            return List.of("game.events");
        }

        @Override
        public Map<String, UUID> ids() {
            return Map.of();
        }
    }

    private Scene scene;
    private String eventId;

    @BeforeEach
    void set() {
        scene = new Scene(platform);
        eventId = "event_" + ++number;
        scene.run("DELETE FROM platform.consumer_offsets");
    }

    @AfterEach
    void strike() {
        scene.close();
    }

    @Test
    void playersWithTheSameScoreRankByWhoReachedItFirst() {
        Occurrence occurrence = ranked("ann", "bob", "cid", "dan");
        scene.score(occurrence, "ann", 5, Scene.START.plusSeconds(9));
        scene.score(occurrence, "bob", 7, Scene.START.plusSeconds(8));
        scene.score(occurrence, "cid", 5, Scene.START.plusSeconds(3));
        scene.score(occurrence, "dan", 5, Scene.START.plusSeconds(9));

        Leaderboards leaderboards = new Leaderboards(scene.database());
        var board = leaderboards.page(eventId, null, 0, 10).orElseThrow();
        assertThat(board.entries())
                .containsExactly(
                        new Entry(1, "bob", 7),
                        new Entry(2, "cid", 5),
                        new Entry(3, "ann", 5),
                        new Entry(4, "dan", 5));
        assertThat(board.total()).isEqualTo(4);

        close(occurrence, 0);
        assertThat(closing(100).run()).isEqualTo(1);
        var frozen = new Leaderboards(scene.database()).page(eventId, null, 0, 10).orElseThrow();
        assertThat(frozen.frozen()).isTrue();
        assertThat(frozen.entries()).isEqualTo(board.entries());
    }

    @Test
    void aRankingThatWasReadWhileItRanIsTheFrozenOneOnceItIsOver() {
        Occurrence occurrence = ranked("ann", "bob");
        scene.score(occurrence, "ann", 5, Scene.START);
        Leaderboards leaderboards = new Leaderboards(scene.database());
        scene.occurrences().onChange(leaderboards::occurrencesChanged);
        assertThat(leaderboards.page(eventId, null, 0, 10).orElseThrow().total()).isEqualTo(1);
        scene.score(occurrence, "bob", 9, Scene.START);
        close(occurrence, 0);
        assertThat(closing(100).run()).isEqualTo(1);

        var board = leaderboards.page(eventId, null, 0, 10).orElseThrow();
        assertThat(board.frozen()).isTrue();
        assertThat(board.entries()).containsExactly(new Entry(1, "bob", 9), new Entry(2, "ann", 5));
    }

    @Test
    void thoseAroundAPlayerAreAsManyAtTheEnds() {
        String[] players = {"ann", "bob", "cid", "dan", "eve"};
        Occurrence occurrence = ranked(players);
        for (int i = 0; i < players.length; i++) {
            scene.score(occurrence, players[i], 9 - i, Scene.START);
        }
        Leaderboards leaderboards = new Leaderboards(scene.database());
        for (String player : players) {
            assertThat(leaderboards.around(eventId, null, player, 3).orElseThrow().entries())
                    .as(player)
                    .hasSize(3)
                    .extracting(Entry::userId)
                    .contains(player);
        }
        assertThat(leaderboards.around(eventId, null, "eve", 9).orElseThrow().entries()).hasSize(5);
    }

    @Test
    void aTieBreakWithoutTheScoreBreaksTies() {
        assertThat(TieBreak.of(List.of("reached_at")).order())
                .isEqualTo("p.score DESC, p.reached_at, p.id");
        assertThat(TieBreak.of(List.of("reached_at", "score")).order())
                .isEqualTo("p.reached_at, p.score DESC, p.id");
        assertThat(TieBreak.of(List.of()))
                .extracting(TieBreak::order)
                .isEqualTo(TieBreak.of(List.of("score", "reached_at")).order());
    }

    @Test
    void theRankingWaitsForProgressToCatchUp() {
        Occurrence occurrence = ranked("ann");
        scene.score(occurrence, "ann", 5, Scene.START);
        close(occurrence, 100);
        progressStandsAt(99);
        assertThat(closing(100).run()).isZero();
        assertThat(rankOf("ann")).isEqualTo("null");

        progressStandsAt(100);
        assertThat(closing(100).run()).isEqualTo(1);
        assertThat(rankOf("ann")).isEqualTo("1");
        assertThat(statusOf("occurrences")).isEqualTo("completed");
        assertThat(statusOf("events")).isEqualTo("completed");
        assertThat(statusOf("event_participations")).isEqualTo("expired");
    }

    @Test
    void whoeverLocksPlayersInTheirOrderNeverWaitsForTheFreezeAndItForThem() throws Exception {
        Occurrence occurrence = ranked("ann", "zoe");
        scene.score(occurrence, "ann", 1, Scene.START);
        scene.score(occurrence, "zoe", 9, Scene.START);
        close(occurrence, 0);
        Closing closing = closing(100);
        try (Connection claim = platform.dataSource().getConnection()) {
            claim.setAutoCommit(false);
            lock(claim, "ann", "");
            CompletableFuture<Integer> closed = CompletableFuture.supplyAsync(closing::run);
            Await.until("the freeze waits", () -> scene.isAnyoneWaiting());
            lock(claim, "zoe", "NOWAIT");
            claim.commit();
            assertThat(closed.join()).isEqualTo(1);
        }
        assertThat(rankOf("zoe")).isEqualTo("1");
    }

    private void lock(Connection connection, String user, String waiting) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT 1 FROM liveops.event_participations WHERE event_id = ? AND user_id = ? FOR NO KEY UPDATE "
                                + waiting)) {
            select.setString(1, eventId);
            select.setString(2, user);
            select.executeQuery().close();
        }
    }

    @Test
    void aTopicThatWasDeletedIsNotWaitedFor() {
        Occurrence occurrence = ranked("ann");
        close(occurrence, 100);
        Closing closing =
                new Closing(
                        scene.database(),
                        scene.occurrences(),
                        new Topics(Map.of()),
                        scene.rewards().grants(),
                        new ClosingSettings(GROUP, Scene.CLAIM_TIMEOUT, 100, 100),
                        scene.clock());
        assertThat(closing.run()).isEqualTo(1);
    }

    @Test
    void whatProgressConsumedOfATopicDoesNotCountForAnotherOfItsName() {
        Occurrence occurrence = ranked("ann");
        progressStandsAt(50_000);
        close(occurrence, MADE_AGAIN, 10_000);
        assertThat(closing(100, MADE_AGAIN).run()).isZero();
        assertThat(rankOf("ann")).isEqualTo("null");

        progressStandsAt(MADE_AGAIN, 10_000);
        assertThat(closing(100, MADE_AGAIN).run()).isEqualTo(1);
    }

    @Test
    void aTopicThatWasMadeAgainSinceTheEndIsNotWaitedFor() {
        Occurrence occurrence = ranked("ann");
        progressStandsAt(99);
        close(occurrence, TOPIC, 100);
        assertThat(closing(100, TOPIC).run()).isZero();

        assertThat(closing(100, MADE_AGAIN).run()).isEqualTo(1);
    }

    @Test
    void aTopicThatKafkaHasNotKnownForAMinuteIsNotWaitedForThoughTheCatalogueNamesIt() {
        Occurrence occurrence = ranked("ann");
        close(occurrence, TOPIC, 100);
        Closing closing = closing(100, new Lost());
        try {
            assertThat(closing.run()).isZero();
            scene.clock().advance(Duration.ofSeconds(59));
            assertThat(closing.run()).isZero();
            scene.clock().advance(Duration.ofSeconds(1));
            assertThat(closing.run()).isEqualTo(1);
        } finally {
            scene.clock().set(Scene.START);
        }
    }

    @Test
    void oneThatCannotBeClosedHoldsUpNoOther() {
        List<Occurrence> all = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            eventId = "event_" + ++number;
            all.add(ranked("ann"));
            scene.score(all.getLast(), "ann", 5, Scene.START);
            close(all.getLast(), 0);
        }
        scene.run(
                """
                CREATE FUNCTION refuse_some() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'refused'; END $$\
                """);
        scene.run(
                """
                CREATE TRIGGER refusal BEFORE INSERT ON liveops.grants FOR EACH ROW
                WHEN (new.event_id IN ('%s', '%s', '%s')) EXECUTE FUNCTION refuse_some()\
                """
                        .formatted(
                                all.get(0).eventId(), all.get(1).eventId(), all.get(4).eventId()));

        assertThat(closing(100).run()).isEqualTo(2);
        scene.run("DROP TRIGGER refusal ON liveops.grants");
        assertThat(closing(100).run()).isEqualTo(3);
    }

    @Test
    void aPayoutThatWasInterruptedResumesWhereItStood() {
        Occurrence occurrence = ranked("u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8", "u9");
        for (int i = 0; i < 10; i++) {
            scene.score(occurrence, "u" + i, 100 - i, Scene.START);
        }
        close(occurrence, 0);
        scene.run(
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'interrupted'; END $$\
                """);
        scene.run(
                """
                CREATE TRIGGER interruption BEFORE INSERT ON liveops.grants FOR EACH ROW
                WHEN (new.user_id = 'u5') EXECUTE FUNCTION refuse()\
                """);
        Closing closing = closing(2);
        assertThat(closing.run()).isZero();
        assertThat(podium()).containsExactly("u0", "u1", "u2", "u3", "u4");

        scene.run("DROP TRIGGER interruption ON liveops.grants");
        assertThat(closing(2).run()).isEqualTo(1);
        assertThat(podium()).containsExactly("u0", "u1", "u2", "u3", "u4", "u5", "u6");
        assertThat(
                        scene.value(
                                "SELECT user_id || ' ' || status FROM liveops.grants WHERE event_id = ? AND reward_id = 'winner'",
                                eventId))
                .isEqualTo("u0 claimed");
        assertThat(
                        scene.value(
                                """
                                SELECT count(*) FROM platform.outbox, json_array_elements(events::json) e
                                 WHERE e ->> 'type' = 'liveops.reward.earned' AND e -> 'data' ->> 'event_id' = ?\
                                """,
                                eventId))
                .isEqualTo("8");
    }

    @Test
    void whatIsPaidAtOnceIsBoundedInGrants() {
        podiumOf(3, "x");
        interruptAt("u3");
        assertThat(closing(6).run()).isZero();
        assertThat(paid()).containsExactly("u0", "u1");

        scene.run("DROP TRIGGER interruption ON liveops.grants");
        assertThat(closing(6).run()).isEqualTo(1);
        assertThat(paid()).hasSize(6);
    }

    @Test
    void whatIsPaidAtOnceIsBoundedInBytes() {
        podiumOf(1, "x".repeat(3_000_000));
        interruptAt("u1");
        assertThat(closing(100).run()).isZero();
        assertThat(paid()).containsExactly("u0");
        scene.run("DROP TRIGGER interruption ON liveops.grants");
        assertThat(closing(100).run()).isEqualTo(1);
    }

    @Test
    void whatIsToldOfLargeRewardsIsCutIntoRowsByBytes() {
        scene.run("DELETE FROM platform.outbox");
        podiumOf(1, "x".repeat(300_000));
        assertThat(closing(100).run()).isEqualTo(1);
        assertThat(scene.value("SELECT max(length(events::text)) < 1000000 FROM platform.outbox"))
                .isEqualTo("t");
        assertThat(paid()).hasSize(6);
    }

    /** Six players in a ranking with so many rewards of this title for each. */
    private void podiumOf(int rewards, String title) {
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < rewards; i++) {
            all.append(all.isEmpty() ? "" : ",")
                    .append(
                            """
                            {"reward_id": "r%d", "reward_type": "title", "reward_value": {"title": "%s"},
                             "reward_condition": {"on": "rank", "top": 9}}
                            """
                                    .formatted(i, title));
        }
        Occurrence occurrence = scene.occurrence(eventId, 1000, RANKED, "[" + all + "]");
        for (int i = 0; i < 6; i++) {
            scene.join(occurrence, Scene.START, "u" + i);
            scene.score(occurrence, "u" + i, 100 - i, Scene.START);
        }
        close(occurrence, 0);
    }

    private void interruptAt(String user) {
        scene.run(
                """
                CREATE OR REPLACE FUNCTION interrupt() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'interrupted'; END $$\
                """);
        scene.run(
                """
                CREATE TRIGGER interruption BEFORE INSERT ON liveops.grants FOR EACH ROW
                WHEN (new.user_id = '%s') EXECUTE FUNCTION interrupt()\
                """
                        .formatted(user));
    }

    private List<String> paid() {
        return scene.column(
                "SELECT user_id FROM liveops.grants WHERE event_id = ? AND reward_id = 'r0' ORDER BY 1",
                eventId);
    }

    @Test
    void severalInstancesCloseItOnce() {
        try (Scene other = new Scene(platform)) {
            for (int round = 0; round < 5; round++) {
                eventId = "event_" + ++number;
                Occurrence occurrence = ranked("ann", "bob");
                scene.score(occurrence, "ann", 5, Scene.START);
                close(occurrence, 0);
                other.occurrences().refreshAll();
                Closing ours = closing(1);
                Closing theirs =
                        new Closing(
                                other.database(),
                                other.occurrences(),
                                new Topics(Map.of("game.events", TOPIC)),
                                other.rewards().grants(),
                                new ClosingSettings(GROUP, Scene.CLAIM_TIMEOUT, 1, 100),
                                other.clock());
                int completed = 0;
                while (completed == 0) {
                    var both =
                            List.of(
                                    CompletableFuture.supplyAsync(ours::run),
                                    CompletableFuture.supplyAsync(theirs::run));
                    completed = both.stream().mapToInt(CompletableFuture::join).sum();
                }
                assertThat(completed).isEqualTo(1);
                assertThat(
                                scene.value(
                                        """
                                        SELECT count(*) FROM platform.outbox, json_array_elements(events::json) e
                                         WHERE e ->> 'type' = 'liveops.event.completed' AND e -> 'data' ->> 'event_id' = ?\
                                        """,
                                        eventId))
                        .isEqualTo("1");
            }
        }
    }

    @Test
    void aPlayersSurroundingsHaveTheRanksOfTheWholeRanking() {
        Occurrence occurrence = ranked("u0", "u1", "u2", "u3", "u4", "u5", "u6");
        for (int i = 0; i < 7; i++) {
            scene.score(occurrence, "u" + i, Math.floor(i / 2.0), Scene.START);
        }
        Leaderboards leaderboards = new Leaderboards(scene.database());
        List<Entry> all = leaderboards.page(eventId, null, 0, 10).orElseThrow().entries();
        for (int i = 2; i < 5; i++) {
            Entry entry = all.get(i);
            var place = leaderboards.around(eventId, null, entry.userId(), 5).orElseThrow();
            assertThat(place.me()).contains(entry);
            assertThat(entry.rank()).isEqualTo(i + 1);
            assertThat(place.entries()).isEqualTo(all.subList(i - 2, i + 3));
        }
    }

    private Occurrence ranked(String... users) {
        Occurrence occurrence = scene.occurrence(eventId, 1000, RANKED, PODIUM);
        scene.join(occurrence, Scene.START, users);
        return occurrence;
    }

    private void close(Occurrence occurrence, long end) {
        close(occurrence, "\"offset\": " + end);
    }

    private void close(Occurrence occurrence, UUID topicId, long end) {
        close(occurrence, "\"topic_id\": \"" + topicId + "\", \"offset\": " + end);
    }

    private void close(Occurrence occurrence, String end) {
        scene.run(
                """
                UPDATE liveops.occurrences SET status = 'closing', end_offsets = ?::jsonb
                 WHERE occurrence_id = ?::uuid
                """,
                "[{\"topic\": \"game.events\", \"partition\": 0, " + end + "}]",
                occurrence.occurrenceId());
        scene.occurrences().refresh(occurrence.occurrenceId());
    }

    private void progressStandsAt(long offset) {
        progressStandsAt(TOPIC, offset);
    }

    private void progressStandsAt(UUID topicId, long offset) {
        scene.run(
                """
                INSERT INTO platform.consumer_offsets (consumer_group, topic_id, partition, topic, next_offset)
                VALUES (?, ?::uuid, 0, 'game.events', ?::bigint)
                ON CONFLICT (consumer_group, topic_id, partition) DO UPDATE SET next_offset = excluded.next_offset
                """,
                GROUP,
                topicId,
                offset);
    }

    private Closing closing(int grantsAtATime) {
        return closing(grantsAtATime, TOPIC);
    }

    /**
     * @param topicId of the topic as it is now
     */
    private Closing closing(int grantsAtATime, UUID topicId) {
        return closing(grantsAtATime, new Topics(Map.of("game.events", topicId)));
    }

    private Closing closing(int grantsAtATime, BusTopics topics) {
        return new Closing(
                scene.database(),
                scene.occurrences(),
                topics,
                scene.rewards().grants(),
                new ClosingSettings(GROUP, Scene.CLAIM_TIMEOUT, grantsAtATime, 100),
                scene.clock());
    }

    private List<String> podium() {
        return scene.column(
                "SELECT user_id FROM liveops.grants WHERE event_id = ? AND reward_id = 'podium' ORDER BY 1",
                eventId);
    }

    private String rankOf(String user) {
        return scene.value(
                "SELECT final_rank FROM liveops.event_participations WHERE event_id = ? AND user_id = ?",
                eventId,
                user);
    }

    private String statusOf(String table) {
        return scene.value("SELECT status FROM liveops." + table + " WHERE event_id = ?", eventId);
    }
}
