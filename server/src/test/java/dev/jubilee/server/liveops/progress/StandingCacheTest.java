package dev.jubilee.server.liveops.progress;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class StandingCacheTest {
    private static final UUID OCCURRENCE = UUID.randomUUID();

    private final StandingCache cache = new StandingCache(1 << 20);

    @Test
    void participationsWithManyMetricsTakeNoMoreMemoryThanThoseWithFew() {
        for (int i = 0; i < 1_000; i++) {
            cache.remember(known(i, 1_000));
        }
        assertThat(cache.size()).isBetween(5, 20);
        assertThat(cache.of(seat(999))).isNotNull();
        assertThat(cache.of(seat(0))).isNull();
        cache.forget(Set.of(seat(999), seat(0)));
        for (int i = 0; i < 1_000; i++) {
            cache.remember(known(i, 1));
            cache.remember(known(i, 1));
        }
        assertThat(cache.size()).as("what went makes room").isEqualTo(1_000);
    }

    @Test
    void severalConsumersShareOneBudget() {
        long one = StandingCache.oneOf(1).mostBytes();
        assertThat(StandingCache.oneOf(4).mostBytes()).isEqualTo(one / 4);
    }

    private static StandingCache.Known known(int player, int metrics) {
        Map<String, Double> progress = new HashMap<>();
        for (int i = 0; i < metrics; i++) {
            progress.put("metric" + i, 1.0);
        }
        return new StandingCache.Known(
                new Standing.Stored(
                        UUID.randomUUID(),
                        seat(player),
                        false,
                        Instant.EPOCH,
                        progress,
                        null,
                        null),
                "1",
                Set.of());
    }

    private static Candidate.Seat seat(int player) {
        return new Candidate.Seat(OCCURRENCE, "player" + player);
    }
}
