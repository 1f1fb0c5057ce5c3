package dev.jubilee.server.http;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The memory that bodies may take while they arrive and are answered, shared by every port and
 * event loop it is given to: however many clients send large bodies at once, the program stays
 * alive. Strangers, who are players and nobody in particular, have half of it at most, and each an
 * eighth, or one body that is larger: so they shut out neither those who hold a key nor each other.
 * Thread-safe.
 */
public final class BodyMemory {
    private static final long AT_LEAST = 16L * 1024 * 1024;

    private final long size;
    private final AtomicLong taken = new AtomicLong();
    private final Map<String, Long> heldBy = new HashMap<>();
    private long ofStrangers;

    /**
     * Room for two of the largest bodies, and for 16 MiB at least.
     *
     * @param largestBody in bytes
     */
    public BodyMemory(int largestBody) {
        this.size = Math.max(AT_LEAST, 2L * largestBody);
    }

    /**
     * Takes so many bytes more for a body; false, and nothing taken, when they are not free.
     *
     * @param stranger who sends it; null if it is no stranger
     * @param already what the body has
     */
    boolean take(@Nullable String stranger, int already, int bytes) {
        if (stranger != null && !takeOfStrangers(stranger, already, bytes)) {
            return false;
        }
        if (taken.addAndGet(bytes) <= size) {
            return true;
        }
        giveBack(stranger, bytes);
        return false;
    }

    private synchronized boolean takeOfStrangers(String stranger, int already, int bytes) {
        long held = heldBy.getOrDefault(stranger, 0L);
        // One body may be larger than the part of one, and may be alone in that of all while it is
        // copied: what can never be received would be refused for ever.
        if ((held > already && held + bytes > size / 8)
                || (ofStrangers > already && ofStrangers + bytes > size / 2)) {
            return false;
        }
        heldBy.put(stranger, held + bytes);
        ofStrangers += bytes;
        return true;
    }

    long taken() {
        return taken.get();
    }

    /** Gives back bytes that the same caller took. */
    void giveBack(@Nullable String stranger, int bytes) {
        if (bytes <= 0) {
            return;
        }
        taken.addAndGet(-bytes);
        if (stranger != null) {
            giveBackOfStrangers(stranger, bytes);
        }
    }

    private synchronized void giveBackOfStrangers(String stranger, int bytes) {
        ofStrangers -= bytes;
        heldBy.computeIfPresent(
                stranger, (who, held) -> held > bytes ? Long.valueOf(held - bytes) : null);
    }
}
