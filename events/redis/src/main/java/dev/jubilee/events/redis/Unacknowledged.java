package dev.jubilee.events.redis;

import io.lettuce.core.api.async.RedisAsyncCommands;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The entries of a group that are in this process. While one acknowledgement is on its way, the
 * next ones gather and go together. One that fails is kept, to be sent again. Thread-safe.
 */
final class Unacknowledged {
    private static final Logger LOG = LoggerFactory.getLogger(Unacknowledged.class);
    private static final int MOST_TOGETHER = 1000;
    private static final long LOOK_AGAIN = Duration.ofMillis(1).toNanos();

    private final RedisAsyncCommands<String, String> redis;
    private final String stream;
    private final String group;
    private final Set<String> here = ConcurrentHashMap.newKeySet();
    private final Set<String> acknowledgedMeanwhile = ConcurrentHashMap.newKeySet();
    private final Queue<String> handled = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean sending = new AtomicBoolean();
    private volatile boolean claiming;

    Unacknowledged(RedisAsyncCommands<String, String> redis, String stream, String group) {
        this.redis = redis;
        this.stream = stream;
        this.group = group;
    }

    /**
     * Runs what asks the server for entries that nobody has acknowledged, and takes them: what is
     * acknowledged meanwhile may be in its answer all the same. For one thread.
     */
    <T extends @Nullable Object> T claiming(Supplier<T> claim) {
        acknowledgedMeanwhile.clear();
        claiming = true;
        try {
            return claim.get();
        } finally {
            claiming = false;
            acknowledgedMeanwhile.clear();
        }
    }

    /** Takes the entry in hand; false if it is already here, or was until a moment ago. */
    boolean take(String id) {
        if (!here.add(id)) {
            return false;
        }
        if (acknowledgedMeanwhile.contains(id)) {
            here.remove(id);
            return false;
        }
        return true;
    }

    /** It is not handled here, and to be claimed by the next who may. */
    void letGo(String id) {
        here.remove(id);
    }

    void handled(String id) {
        handled.add(id);
        send();
    }

    /** Sends what was handled, unless something is on its way. */
    void send() {
        if (handled.isEmpty() || !sending.compareAndSet(false, true)) {
            return;
        }
        List<String> ids = new ArrayList<>();
        String id = handled.poll();
        while (id != null) {
            ids.add(id);
            id = ids.size() < MOST_TOGETHER ? handled.poll() : null;
        }
        if (ids.isEmpty()) {
            sending.set(false);
            return;
        }
        try {
            var unused =
                    redis.xack(stream, group, ids.toArray(String[]::new))
                            .whenComplete((count, error) -> answered(ids, error));
        } catch (RuntimeException e) { // of the client, which throws what it likes
            answered(ids, e);
        }
    }

    private void answered(List<String> ids, @Nullable Throwable error) {
        if (error == null) {
            if (claiming) {
                acknowledgedMeanwhile.addAll(ids); // before they are taken for new ones
            }
            ids.forEach(here::remove);
            sending.set(false);
            send();
        } else {
            LOG.debug("{} cannot acknowledge at present: {}", group, error.toString());
            handled.addAll(ids);
            sending.set(false);
        }
    }

    /** Returns when everything that was handled is acknowledged, or it took too long. */
    void flush(Duration atMost) {
        long deadline = System.nanoTime() + atMost.toNanos();
        while ((!handled.isEmpty() || sending.get()) && System.nanoTime() - deadline < 0) {
            send();
            LockSupport.parkNanos(LOOK_AGAIN);
        }
    }
}
