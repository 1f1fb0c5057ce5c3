package dev.jubilee.server.liveops.leaderboards;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.liveops.Scene;
import dev.jubilee.server.liveops.leaderboards.Leaderboards.Entry;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.testing.Platform;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class LeaderboardsTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final long NOT_YET = Duration.ofMillis(999).toNanos();
    private static final long HOURS = Duration.ofHours(5).toNanos();

    private long now;

    @Test
    void aLiveRankingIsNotReadAgainBecauseSomethingElseChanged() {
        try (Scene scene = new Scene(platform)) {
            Leaderboards leaderboards = new Leaderboards(scene.database(), 1 << 20, () -> now);
            Occurrence race = scene.occurrence("race", 10, "{}", "[]");
            scene.join(race, Scene.START, "ann");
            scene.score(race, "ann", 1, Scene.START);
            assertThat(entries(leaderboards)).containsExactly(new Entry(1, "ann", 1));

            scene.score(race, "ann", 2, Scene.START);
            leaderboards.occurrencesChanged();
            now += NOT_YET;
            assertThat(entries(leaderboards)).containsExactly(new Entry(1, "ann", 1));

            now += HOURS;
            assertThat(entries(leaderboards)).containsExactly(new Entry(1, "ann", 2));
        }
    }

    private static List<Entry> entries(Leaderboards leaderboards) {
        return leaderboards.page("race", null, 0, 10).orElseThrow().entries();
    }
}
