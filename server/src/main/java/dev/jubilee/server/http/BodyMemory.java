package dev.jubilee.server.http;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The memory that bodies may take while they arrive and are answered, shared by every port and
 * event loop it is given to: however many clients send large bodies at once, with credentials or
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
