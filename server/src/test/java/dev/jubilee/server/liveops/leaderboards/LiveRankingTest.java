package dev.jubilee.server.liveops.leaderboards;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.liveops.leaderboards.Leaderboards.Entry;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LiveRankingTest {
    @Test
    void everyPlayerIsFoundAtItsRankAndNobodyElseIs() {
        SplittableRandom random = new SplittableRandom(7);
        for (int size : new int[] {0, 1, 2, 3, 1_023, 1_024, 1_025, 20_000}) {
            LiveRanking.Builder building = new LiveRanking.Builder(Long.MAX_VALUE);
            Map<String, Entry> expected = new HashMap<>();
            for (int rank = 1; rank <= size; rank++) {
                // Long, short and other than ASCII.
                String user = "ü".repeat(random.nextInt(20)) + Long.toString(random.nextLong(), 36);
                assertThat(building.add(user, size - rank)).isTrue();
                expected.put(user, new Entry(rank, user, size - rank));
            }
            LiveRanking ranking = building.build(Duration.ZERO);
            assertThat(ranking.size()).isEqualTo(size);
            expected.forEach((user, entry) -> assertThat(ranking.of(user)).contains(entry));
            assertThat(ranking.of("nobody")).isEmpty();
            assertThat(ranking.of("")).isEmpty();
            assertThat(ranking.entries(1, Integer.MAX_VALUE))
                    .containsExactlyInAnyOrderElementsOf(expected.values());
            assertThat(ranking.entries(Math.max(1, size), 5)).hasSize(Math.min(size, 1));
        }
    }

    @Test
    void aMillionPlayersTakeSomeTensOfMegabytes() {
        LiveRanking.Builder building = new LiveRanking.Builder(Long.MAX_VALUE);
        for (int i = 0; i < 1_000_000; i++) {
            building.add("player-" + i, -i);
        }
        assertThat(building.build(Duration.ZERO).bytes()).isLessThan(44 << 20);
    }

    @Test
    void itTakesNoMoreThanItMay() {
        LiveRanking.Builder building = new LiveRanking.Builder(100_000);
        int taken = 0;
        while (building.add("player-" + taken, 0)) {
            taken++;
        }
        LiveRanking ranking = building.build(Duration.ZERO);
        assertThat(taken).isGreaterThan(1_000);
        assertThat(ranking.bytes()).isLessThanOrEqualTo(100_000);
        assertThat(ranking.entries(taken, 1))
                .isEqualTo(List.of(new Entry(taken, "player-" + (taken - 1), 0)));
    }
}
