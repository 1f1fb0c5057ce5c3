package dev.jubilee.server.http;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The memory that bodies may take while they arrive and are answered, or the one that large answers
 * may take until they are sent; shared by every port and event loop it is given to: however many
 * clients send large bodies at once, or do not read what they asked for, with credentials or
 * without, the program stays alive. Thread-safe.
 */
public final class BodyMemory {
    private static final long AT_LEAST = 16L * 1024 * 1024;

    private final long size;
    private final AtomicLong taken = new AtomicLong();

    /**
     * Room for two of the largest bodies, and for 16 MiB at least.
     *
     * @param largestBody in bytes
     */
    public BodyMemory(int largestBody) {
        this.size = Math.max(AT_LEAST, 2L * largestBody);
    }

    /** For answers: 16 MiB. */
    public static BodyMemory forAnswers() {
        return new BodyMemory(0);
    }

    /** What one counts for, so that one that is larger than all of this passes alone. */
    int share(int bytes) {
        return (int) Math.min(bytes, size);
    }

    /** Takes so many bytes; false, and nothing taken, when they are not free. */
    boolean take(int bytes) {
        if (taken.addAndGet(bytes) <= size) {
            return true;
        }
        taken.addAndGet(-bytes);
        return false;
    }

    long taken() {
        return taken.get();
    }

    void giveBack(int bytes) {
        if (bytes > 0) {
            taken.addAndGet(-bytes);
        }
    }
}
