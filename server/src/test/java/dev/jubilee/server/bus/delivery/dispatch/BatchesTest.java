package dev.jubilee.server.bus.delivery.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.sending.Shipment;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BatchesTest {
    private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
    private static final UUID ID = UUID.randomUUID();

    private final CountedDeque ready = new CountedDeque();
    private final Map<String, Deque<Delivery>> behind = new HashMap<>();
    private final Batches batches = new Batches(List.of(ready), behind);

    /** Counts how often somebody goes through it. */
    private static final class CountedDeque extends ArrayDeque<Delivery> {
        private static final long serialVersionUID = 1L;
        private int walks;

        @Override
        public Iterator<Delivery> iterator() {
            walks++;
            return super.iterator();
        }
    }

    @Test
    void whatIsGatheredIsNotGoneThroughAtEachArrival() {
        for (int id = 1; id <= 1_000; id++) {
            arrive(delivery(id, "k" + id % 500, 0, NOW));
            assertThat(batches.isFull(1_000, NOW)).isEqualTo(id == 1_000);
        }

        assertThat(ready.walks).isEqualTo(1);
    }

    /** Held against a count of all that is there. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void itIsFullExactlyWhenSoManyMayGo(int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Instant now = NOW;
        for (int id = 1; id <= 2_000; id++) {
            now = now.plusMillis(random.nextInt(3));
            int attempts = random.nextInt(20) == 0 ? 1 : 0;
            Instant due = random.nextInt(20) == 0 ? now.plusMillis(5) : now;
            String key = random.nextInt(5) == 0 ? null : "k" + random.nextInt(10);
            boolean first = key == null || !behind.containsKey(key);
            arrive(delivery(id, key, first ? 0 : attempts, first ? now : due), now);
            for (int size : new int[] {1, 5, 20, 40}) {
                assertThat(batches.isFull(size, now))
                        .as("event %d, %d a batch", id, size)
                        .isEqualTo(new Batches(List.of(ready), behind).isFull(size, now));
            }
            if (random.nextInt(30) == 0) {
                finish(batches.take(20, false, now));
            }
        }
    }

    private void finish(List<Delivery> batch) {
        for (String key : Shipment.batch(batch, NOW).keys()) {
            Delivery next = behind.getOrDefault(key, new ArrayDeque<>()).poll();
            if (next == null) {
                behind.remove(key);
            } else {
                ready.add(next);
            }
        }
        batches.changed();
    }

    private void arrive(Delivery one) {
        arrive(one, NOW);
    }

    /** As an outlet does that keeps order. */
    private void arrive(Delivery one, Instant now) {
        Deque<Delivery> waiting = one.key() == null ? null : behind.get(one.key());
        if (waiting != null) {
            waiting.add(one);
            batches.followed(one, now);
            return;
        }
        if (one.key() != null) {
            behind.put(one.key(), new ArrayDeque<>());
        }
        ready.add(one);
        batches.arrived(one);
    }

    private static Delivery delivery(long id, @Nullable String key, int attempts, Instant due) {
        byte[] body = new byte[10];
        return new Delivery(ID, id, "e" + id, "game.kill", "t", key, 1, body, attempts, due, NOW);
    }
}
