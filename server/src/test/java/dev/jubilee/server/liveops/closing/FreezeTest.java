package dev.jubilee.server.liveops.closing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.liveops.Scene;
import dev.jubilee.server.liveops.leaderboards.Leaderboards;
import dev.jubilee.server.liveops.leaderboards.Leaderboards.Board;
import dev.jubilee.server.liveops.leaderboards.Leaderboards.Entry;
import dev.jubilee.server.liveops.occurrences.BusTopics;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A ranking of more participations than one transaction writes. */
class FreezeTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final int PART = 2;
    private static final String RANKED = "{\"score\": \"progress.kills\"}";
    private static final String PODIUM =
            """
            [{"reward_id": "podium", "reward_type": "title", "reward_value": {"title": "Slayer"},
              "reward_condition": {"on": "rank", "top": 3}}]\
            """;
    private static int number;

    private record NoTopics() implements BusTopics {
        @Override
        public Collection<String> names() {
            return List.of();
        }

        @Override
        public Map<String, UUID> ids() {
            return Map.of();
        }
    }

    private Scene scene;
    private Occurrence occurrence;

    @BeforeEach
    void set() {
        scene = new Scene(platform);
        occurrence = scene.occurrence("event_" + ++number, 1000, RANKED, PODIUM);
    }

    @AfterEach
    void strike() {
        scene.run("DROP TRIGGER IF EXISTS interruption ON liveops.event_participations");
        scene.close();
    }

    @Test
    void aRankingInPartsIsThatOfTheWhole() {
        sevenWithTies();
        Board live = board();
        close();

        assertThat(closing(scene).run()).isEqualTo(1);

        assertThat(board().frozen()).isTrue();
        assertThat(board().entries()).isEqualTo(live.entries());
        assertThat(board().total()).isEqualTo(7);
        assertThat(ofAll("status"))
                .containsExactly(
                        "completed",
                        "expired",
                        "expired",
                        "expired",
                        "expired",
                        "expired",
                        "expired",
                        "expired",
                        "cancelled",
                        "expired");
    }

    @Test
    void noTransactionWritesMoreThanAPart() {
        sevenWithTies();
        close();

        assertThat(closing(scene).run()).isEqualTo(1);

        assertThat(
                        scene.column(
                                """
                                SELECT count(*) FROM liveops.event_participations
                                 WHERE occurrence_id = ?::uuid AND status <> 'cancelled' GROUP BY xmin
                                """,
                                occurrence.occurrenceId()))
                .containsOnly("1", "2");
    }

    @Test
    void aFreezeThatWasInterruptedGoesOnWhereItStoodAndShowsAndPaysNothingUntilThen() {
        sevenWithTies();
        List<Entry> live = board().entries();
        close();
        interruptAt("u5");

        assertThat(closing(scene).run()).isZero();

        List<String> places = ofAll("final_rank");
        assertThat(places).contains("1", "2", "null");
        assertThat(board().frozen()).isFalse();
        assertThat(board().entries()).isEqualTo(live);
        assertThat(paid()).isEmpty();
        List<String> written = versions("1", "2");

        scene.run("DROP TRIGGER interruption ON liveops.event_participations");
        assertThat(closing(scene).run()).isEqualTo(1);

        assertThat(board().entries()).isEqualTo(live);
        assertThat(versions("1", "2")).isEqualTo(written);
        assertThat(paid()).isEqualTo(live.subList(0, 3).stream().map(Entry::userId).toList());
    }

    @Test
    void aScoreThatIsWrittenBetweenLookingAndPlacingCounts() throws SQLException {
        sevenWithTies();
        close();
        CompletableFuture<Integer> closed;
        try (Connection progress = platform.connection();
                Statement statement = progress.createStatement()) {
            progress.setAutoCommit(false);
            statement.execute(
                    "UPDATE liveops.event_participations SET score = 999 WHERE user_id = 'u0' AND occurrence_id = '"
                            + occurrence.occurrenceId()
                            + "'");
            closed = CompletableFuture.supplyAsync(closing(scene)::run);
            Await.until("the freeze waits", () -> scene.isAnyoneWaiting());
            progress.commit();
        }

        assertThat(closed.join()).isEqualTo(1);
        assertThat(board().entries().getFirst()).isEqualTo(new Entry(1, "u0", 999));
        assertThat(board().entries()).extracting(Entry::rank).containsExactly(1, 2, 3, 4, 5, 6, 7);
        assertThat(paid()).startsWith("u0").hasSize(3);
    }

    @Test
    void severalInstancesFreezeOneRanking() {
        try (Scene other = new Scene(platform)) {
            for (int round = 0; round < 5; round++) {
                occurrence = scene.occurrence("event_" + ++number, 1000, RANKED, PODIUM);
                sevenWithTies();
                List<Entry> live = board().entries();
                close();
                other.occurrences().refreshAll();
                int completed = 0;
                while (completed == 0) {
                    var both =
                            List.of(
                                    CompletableFuture.supplyAsync(closing(scene)::run),
                                    CompletableFuture.supplyAsync(closing(other)::run));
                    completed = both.stream().mapToInt(CompletableFuture::join).sum();
                }
                assertThat(completed).isEqualTo(1);
                assertThat(board().entries()).isEqualTo(live);
                assertThat(paid())
                        .isEqualTo(live.subList(0, 3).stream().map(Entry::userId).toList());
            }
        }
    }

    @Test
    void theLastDayOfClaimsBecomesThatOfTheEndInPartsAsWell() {
        sevenWithTies();
        scene.run(
                """
                INSERT INTO liveops.grants (id, occurrence_id, event_id, user_id, reward_id, status, reward_type,
                       reward_value, earned_at, expires_at)
                SELECT gen_random_uuid(), occurrence_id, event_id, user_id, 'prize', 'earned', 'gold', '{}',
                       participation_time, CASE WHEN user_id < 'u3' THEN ?::timestamptz END
                  FROM liveops.event_participations WHERE occurrence_id = ?::uuid AND user_id < 'u5'
                """,
                Scene.END.plus(Scene.CLAIM_TIMEOUT).plusSeconds(1),
                occurrence.occurrenceId());
        close();

        assertThat(closing(scene).run()).isEqualTo(1);

        assertThat(
                        scene.column(
                                """
                                SELECT DISTINCT expires_at = ?::timestamptz FROM liveops.grants
                                 WHERE occurrence_id = ?::uuid AND reward_id = 'prize'
                                """,
                                Scene.END.plus(Scene.CLAIM_TIMEOUT),
                                occurrence.occurrenceId()))
                .containsExactly("t");
        assertThat(
                        scene.column(
                                """
                                SELECT count(*) FROM liveops.grants
                                 WHERE occurrence_id = ?::uuid AND reward_id = 'prize' GROUP BY xmin ORDER BY 1
                                """,
                                occurrence.occurrenceId()))
                .containsExactly("1", "2", "2");
        assertThat(
                        scene.column(
                                """
                                SELECT max(g.xmin::text::bigint) <= min(p.xmin::text::bigint)
                                  FROM liveops.grants g JOIN liveops.event_participations p USING (occurrence_id)
                                 WHERE occurrence_id = ?::uuid AND reward_id = 'prize' AND final_rank > 0
                                """,
                                occurrence.occurrenceId()))
                .as("before the first look at the ranking as a whole")
                .containsExactly("t");
    }

    @Test
    void noOccurrenceWaitsForTheLedgerToBePurged() throws SQLException {
        sevenWithTies();
        try (Connection other = platform.connection();
                Statement statement = other.createStatement();
                Closing closing = closing(scene)) {
            other.setAutoCommit(false);
            statement.execute("LOCK TABLE liveops.progress_ledger IN ACCESS EXCLUSIVE MODE");
            closing.start(Duration.ZERO);
            Await.until("the purge waits", scene::isAnyoneWaiting);
            close();
            Await.until("the occurrence is completed", () -> status().equals("completed"));
        }
    }

    private String status() {
        return scene.value(
                "SELECT status FROM liveops.occurrences WHERE occurrence_id = ?::uuid",
                occurrence.occurrenceId());
    }

    @Test
    void theViewShowsPlacesOnceTheyAreFrozen() {
        sevenWithTies();
        scene.run(
                "UPDATE liveops.event_participations SET final_rank = 7 WHERE occurrence_id = ?::uuid AND user_id = 'u1'",
                occurrence.occurrenceId());
        String places =
                """
                SELECT player_id || ' ' || final_rank FROM gameplay.event_participants
                 WHERE occurrence_id = ?::uuid AND final_rank IS NOT NULL ORDER BY final_rank LIMIT 1\
                """;
        assertThat(scene.column(places, occurrence.occurrenceId())).isEmpty();

        close();
        closing(scene).run();

        assertThat(scene.column(places, occurrence.occurrenceId())).containsExactly("u1 1");
    }

    /**
     * u0 to u6 have scored, u0 has completed it and is the last, u3 and u4 have the same; u7 and u9
     * have not scored, and u8 has left.
     */
    private void sevenWithTies() {
        for (int i = 0; i < 10; i++) {
            scene.join(occurrence, Scene.START, "u" + i);
        }
        double[] scores = {1, 60, 50, 40, 40, 30, 20};
        for (int i = 0; i < scores.length; i++) {
            scene.score(occurrence, "u" + i, scores[i], Scene.START.plusSeconds(10 - i));
        }
        become("u0", "completed");
        become("u8", "cancelled");
    }

    private void become(String user, String status) {
        scene.run(
                "UPDATE liveops.event_participations SET status = ? WHERE occurrence_id = ?::uuid AND user_id = ?",
                status,
                occurrence.occurrenceId(),
                user);
    }

    private void interruptAt(String user) {
        scene.run(
                """
                CREATE OR REPLACE FUNCTION interrupt() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'interrupted'; END $$\
                """);
        scene.run(
                """
                CREATE TRIGGER interruption BEFORE UPDATE ON liveops.event_participations FOR EACH ROW
                WHEN (new.user_id = '%s') EXECUTE FUNCTION interrupt()\
                """
                        .formatted(user));
    }

    private void close() {
        scene.run(
                "UPDATE liveops.occurrences SET status = 'closing', end_offsets = '[]' WHERE occurrence_id = ?::uuid",
                occurrence.occurrenceId());
        scene.occurrences().refresh(occurrence.occurrenceId());
    }

    private static Closing closing(Scene where) {
        return new Closing(
                where.database(),
                where.occurrences(),
                new NoTopics(),
                where.rewards().grants(),
                new ClosingSettings("progress-test", Scene.CLAIM_TIMEOUT, 100, PART),
                where.clock());
    }

    private Board board() {
        return new Leaderboards(scene.database())
                .page(occurrence.eventId(), null, 0, 10)
                .orElseThrow();
    }

    private List<String> ofAll(String column) {
        return scene.column(
                "SELECT "
                        + column
                        + " FROM liveops.event_participations WHERE occurrence_id = ?::uuid ORDER BY user_id",
                occurrence.occurrenceId());
    }

    private List<String> versions(String first, String last) {
        return scene.column(
                """
                SELECT xmin FROM liveops.event_participations
                 WHERE occurrence_id = ?::uuid AND final_rank BETWEEN ?::integer AND ?::integer ORDER BY final_rank
                """,
                occurrence.occurrenceId(),
                first,
                last);
    }

    private List<String> paid() {
        return scene.column(
                """
                SELECT g.user_id FROM liveops.grants g JOIN liveops.event_participations p USING (occurrence_id, user_id)
                 WHERE g.occurrence_id = ?::uuid AND g.reward_id = 'podium' ORDER BY p.final_rank
                """,
                occurrence.occurrenceId());
    }
}
