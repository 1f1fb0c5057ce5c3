package dev.jubilee.server.bus.delivery.dispatch;

import dev.jubilee.server.bus.delivery.pending.Delivery;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Forms the batches of one queue from deliveries that are ready and, behind each, in order, those
 * of its key. Their number and size are counted as they arrive, and counted anew only after some
 * were taken out or a key was let go. For the dispatcher's thread.
 */
final class Batches {
    /** The most bytes of events in one batch; a larger event is a batch by itself. */
    static final int MOST_BYTES = 1 << 20;

    private final List<Deque<Delivery>> ready;
    private final Map<String, Deque<Delivery>> behind;

    /** Keys all of whose deliveries may go, so that one more of the key may go as well. */
    private final Set<String> open = new HashSet<>();

    private boolean counted;
    private int count;
    private long bytes;

    /**
     * @param ready by priority, high first
     * @param behind by key, what waits for the first of it
     */
    Batches(List<Deque<Delivery>> ready, Map<String, Deque<Delivery>> behind) {
        this.ready = ready;
        this.behind = behind;
    }

    /** Whether there is enough for a full batch, and so no reason to wait for more. */
    boolean isFull(int size, Instant now) {
        if (!counted) {
            count(now);
        }
        return count >= size || (bytes > MOST_BYTES && count > 1);
    }

    /** The delivery has become ready; nothing of its key waits behind it. */
    void arrived(Delivery one) {
        if (counted) {
            add(one);
            if (one.key() != null) {
                open.add(one.key());
            }
        }
    }

    /** The delivery waits behind others of its key. */
    void followed(Delivery one, Instant now) {
        if (!counted || !open.contains(one.key())) {
            return;
        }
        if (isFresh(one, now)) {
            add(one);
        } else {
            changed();
        }
    }

    /** Deliveries were taken out, or a key was let go: they are counted anew. */
    void changed() {
        counted = false;
    }

    private void count(Instant now) {
        counted = true;
        count = 0;
        bytes = 0;
        open.clear();
        for (Deque<Delivery> queue : ready) {
            for (Delivery first : queue) {
                add(first);
                countBehind(first, now);
            }
        }
    }

    private void countBehind(Delivery first, Instant now) {
        Deque<Delivery> waiting = waiting(first);
        if (waiting == null) {
            return;
        }
        for (Delivery next : waiting) {
            if (!isFresh(next, now)) {
                // It may be by the time that somebody asks again.
                counted &= next.attempts() > 0;
                return;
            }
            add(next);
        }
        open.add(first.key());
    }

    private void add(Delivery one) {
        count++;
        bytes += one.body().length;
    }

    /**
     * Takes out the next batch. The first of every key goes before the second of any: so a key with
     * many events takes no place from others, and high priority waits for none.
     *
     * @param oneTopic leaves what is of another topic than the first, and what waits behind that
     */
    List<Delivery> take(int most, boolean oneTopic, Instant now) {
        changed();
        Batch batch = new Batch(most, oneTopic);
        for (Deque<Delivery> queue : ready) {
            for (Iterator<Delivery> each = queue.iterator(); each.hasNext(); ) {
                Delivery one = each.next();
                if (batch.isForeign(one)) {
                    continue;
                }
                if (!batch.add(one)) {
                    return batch.taken;
                }
                each.remove();
            }
        }
        for (int i = 0; i < batch.size(); i++) {
            Deque<Delivery> waiting = waiting(batch.taken.get(i));
            Delivery next = waiting == null ? null : waiting.peek();
            if (waiting != null && next != null && !batch.isForeign(next) && isFresh(next, now)) {
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

    /**
     * Whether the delivery may join a batch. One that was tried before goes by itself, and its key
     * waits for it.
     */
    private static boolean isFresh(Delivery one, Instant now) {
        return one.attempts() == 0 && !one.dueAt().isAfter(now);
    }

    /** A batch that is being filled. */
    private static final class Batch {
        private final List<Delivery> taken = new ArrayList<>();
        private final int most;
        private final boolean oneTopic;
        private long bytes;

        Batch(int most, boolean oneTopic) {
            this.most = most;
            this.oneTopic = oneTopic;
        }

        boolean isForeign(Delivery one) {
            return oneTopic && !taken.isEmpty() && !taken.getFirst().topic().equals(one.topic());
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
