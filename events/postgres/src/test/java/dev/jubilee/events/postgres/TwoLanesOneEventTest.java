package dev.jubilee.events.postgres;

import static dev.jubilee.events.postgres.Lanes.SETTINGS;
import static dev.jubilee.events.postgres.Lanes.get;
import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Two instances admit the same players to events that are too small for them. */
@ExtendWith(RealPostgres.class)
class TwoLanesOneEventTest {
    private static final int ROUNDS = 2000;
    private static final int PLAYERS = 12;
    private static final int PLACES = 5;

    private enum Answer {
        JOINED(0),
        ALREADY_IN(1),
        FULL(2);

        private final int column;

        Answer(int column) {
            this.column = column;
        }
    }

    private record Join(int event, int player) {}

    private final HikariDataSource pool;

    TwoLanesOneEventTest(TestPostgres postgres) {
        Lanes.createTables(postgres);
        postgres.execute(
                """
                DROP TABLE IF EXISTS places, players;
                CREATE TABLE places (event int PRIMARY KEY, taken int NOT NULL);
                CREATE TABLE players (event int, player int, PRIMARY KEY (event, player));
                INSERT INTO places SELECT e, 0 FROM generate_series(0, %d) e;\
                """
                        .formatted(ROUNDS));
        this.pool = postgres.pool(4);
    }

    @AfterEach
    void disconnect() {
        pool.close();
    }

    @Test
    void everyPlaceIsGivenOnceAndEveryAnswerIsTrue() throws Exception {
        // Answers counted, three columns an event.
        AtomicIntegerArray answers = new AtomicIntegerArray(ROUNDS * 3);
        CyclicBarrier everyRound = new CyclicBarrier(4);
        try (var one =
                        new GroupCommit<>(
                                SETTINGS, pool, TwoLanesOneEventTest::admit, LaneListener.NONE);
                var two =
                        new GroupCommit<>(
                                SETTINGS, pool, TwoLanesOneEventTest::admit, LaneListener.NONE)) {
            Lanes.together(
                    4,
                    thread -> {
                        GroupCommit<Join, Answer> lane = thread % 2 == 0 ? one : two;
                        for (int round = 0; round < ROUNDS; round++) {
                            everyRound.await();
                            joinAll(lane, round, thread, answers);
                        }
                    });
        }
        for (int event = 0; event < ROUNDS; event++) {
            // Two lanes are asked by two threads each, so who is in hears so three times more.
            assertThat(answers.get(event * 3)).isEqualTo(PLACES);
            assertThat(answers.get(event * 3 + 1)).isEqualTo(PLACES * 3);
            assertThat(answers.get(event * 3 + 2)).isEqualTo((PLAYERS - PLACES) * 4);
        }
        assertThat(Lanes.count(pool, "SELECT count(*) FROM players")).isEqualTo(PLACES * ROUNDS);
        assertThat(Lanes.count(pool, "SELECT count(*) FROM places WHERE taken > " + PLACES))
                .isZero();
    }

    private static void joinAll(
            GroupCommit<Join, Answer> lane, int event, int thread, AtomicIntegerArray answers)
            throws Exception {
        List<CompletableFuture<Answer>> results = new ArrayList<>();
        for (int i = 0; i < PLAYERS; i++) {
            results.add(lane.submit(event, new Join(event, (i * 5 + thread) % PLAYERS)));
        }
        Map<Answer, Integer> counted = new EnumMap<>(Answer.class);
        for (CompletableFuture<Answer> result : results) {
            counted.merge(get(result), 1, Integer::sum);
        }
        counted.forEach((answer, n) -> answers.addAndGet(event * 3 + answer.column, n));
    }

    /** Locks the events in order, then looks who is in, then admits the rest as far as it goes. */
    private static List<Answer> admit(Connection connection, List<Join> joins) throws SQLException {
        List<Answer> answers = new ArrayList<>();
        List<Integer> events = joins.stream().map(Join::event).distinct().sorted().toList();
        Map<Integer, Integer> taken = new HashMap<>();
        for (int event : events) {
            taken.put(
                    event,
                    query(connection, "SELECT taken FROM places WHERE event = ? FOR UPDATE", event)
                            .getFirst());
        }
        Set<Join> in = new HashSet<>();
        for (int event : events) {
            for (int player :
                    query(connection, "SELECT player FROM players WHERE event = ?", event)) {
                in.add(new Join(event, player));
            }
        }
        for (Join join : joins) {
            int places = taken.getOrDefault(join.event(), 0);
            if (in.contains(join)) {
                answers.add(Answer.ALREADY_IN);
            } else if (places >= PLACES) {
                answers.add(Answer.FULL);
            } else {
                execute(
                        connection,
                        "INSERT INTO players VALUES (?, ?)",
                        join.event(),
                        join.player());
                taken.put(join.event(), places + 1);
                in.add(join);
                answers.add(Answer.JOINED);
            }
        }
        for (int event : events) {
            execute(
                    connection,
                    "UPDATE places SET taken = ? WHERE event = ?",
                    taken.getOrDefault(event, 0),
                    event);
        }
        return answers;
    }

    private static List<Integer> query(Connection connection, String sql, int event)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setInt(1, event);
            List<Integer> values = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    values.add(rows.getInt(1));
                }
            }
            return values;
        }
    }

    private static void execute(Connection connection, String sql, int first, int second)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setInt(1, first);
            statement.setInt(2, second);
            statement.executeUpdate();
        }
    }
}
