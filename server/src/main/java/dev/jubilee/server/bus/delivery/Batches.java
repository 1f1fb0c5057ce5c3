package dev.jubilee.server.bus.delivery;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What of one outlet may go together: what is ready, and behind it, in order, what waits for it
 * because of its key. For the dispatcher's thread.
 *
 * @param ready by priority, high first
 * @param behind by key, what waits for the first of it
 */
record Batches(List<Deque<Delivery>> ready, Map<String, Deque<Delivery>> behind) {
    /** Of events in one batch, unless a single one has more. */
    static final int MOST_BYTES = 1 << 20;

    /** Whether there is no reason to wait for more. */
    boolean isFull(int size, Instant now) {
        Batch counted = new Batch(size);
        for (Deque<Delivery> queue : ready) {
            for (Delivery first : queue) {
                if (!counted.add(first) || !addBehind(first, counted, now)) {
                    return true;
                }
            }
        }
        return counted.size() == size;
    }

    private boolean addBehind(Delivery first, Batch counted, Instant now) {
        Deque<Delivery> waiting = waiting(first);
        if (waiting != null) {
            for (Delivery next : waiting) {
                if (!isFresh(next, now)) {
                    return true;
                }
                if (!counted.add(next)) {
                    return false;
                }
            }
        }
        return true;
    }

    /**
     * Takes out the next batch. The first of every key goes before the second of any: so a key with
     * many events takes no place from others, and high priority waits for none.
     */
    List<Delivery> take(int most, Instant now) {
        Batch batch = new Batch(most);
        for (Deque<Delivery> queue : ready) {
            for (Delivery one = queue.peek(); one != null; one = queue.peek()) {
                if (!batch.add(one)) {
                    return batch.taken;
                }
                queue.remove();
            }
        }
        for (int i = 0; i < batch.size(); i++) {
            Deque<Delivery> waiting = waiting(batch.taken.get(i));
            Delivery next = waiting == null ? null : waiting.peek();
            if (waiting != null && next != null && isFresh(next, now)) {
                if (!batch.add(next)) {
                    return batch.taken;
                }
                waiting.remove();
            }
        }
        return batch.taken;
    }

    private @Nullable Deque<Delivery> waiting(Delivery first) {
        return first.key() == null ? null : behind.get(first.key());
    }

    /** What was tried before goes by itself, and keeps its key until then. */
    private static boolean isFresh(Delivery one, Instant now) {
        return one.attempts() == 0 && !one.dueAt().isAfter(now);
    }

    /** One that grows. */
    private static final class Batch {
        private final List<Delivery> taken = new ArrayList<>();
        private final int most;
        private long bytes;

        Batch(int most) {
            this.most = most;
        }

        int size() {
            return taken.size();
        }

        /** False when it has no room for this one. */
        boolean add(Delivery one) {
            long more = bytes + one.body().length;
            if (taken.size() == most || (more > MOST_BYTES && !taken.isEmpty())) {
                return false;
            }
            bytes = more;
            return taken.add(one);
        }
    }
}
