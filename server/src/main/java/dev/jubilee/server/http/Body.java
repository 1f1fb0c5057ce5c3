package dev.jubilee.server.http;

import io.vertx.core.buffer.Buffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A body as it arrives. Its array is taken from the shared memory before it is made, and given back
 * by {@link #release}. It has the length that was announced once an eighth of that has come, so
 * that nobody takes much by announcing alone; where nothing was announced, it doubles. Belongs to
 * one event loop.
 */
final class Body {
    private static final byte[] NOTHING = {};
    private static final int SMALL = 64 * 1024;

    private final BodyMemory memory;
    private final @Nullable String stranger;
    private final int announced;
    private final int largest;
    private byte[] collected = NOTHING;
    private int length;
    private int counted;

    /**
     * @param stranger who sends it; null if it is no stranger
     * @param announced how long it will be; negative when that is not known
     * @param largest how long it may be
     */
    Body(BodyMemory memory, @Nullable String stranger, int announced, int largest) {
        this.memory = memory;
        this.stranger = stranger;
        this.announced = announced;
        this.largest = largest;
    }

    int length() {
        return length;
    }

    /** Adds a chunk; false, and nothing added, when there is no memory for it. */
    boolean append(Buffer chunk) {
        int longer = length + chunk.length();
        if (longer > collected.length && !resize(capacity(longer))) {
            return false;
        }
        chunk.getBytes(collected, length);
        length = longer;
        return true;
    }

    private int capacity(int longer) {
        if (announced < 0) {
            return Math.max(longer, Math.min(2 * collected.length, largest));
        }
        int first = Math.max(SMALL, announced / 8);
        return longer <= first ? Math.min(first, announced) : announced;
    }

    private boolean resize(int capacity) {
        // What is copied counts too, except the first part of what was announced: room for two
        // bodies is to be enough for two.
        int copied = announced < 0 ? counted : 0;
        if (!memory.take(stranger, counted, capacity - counted + copied)) {
            return false;
        }
        collected = Arrays.copyOf(collected, capacity);
        memory.giveBack(stranger, copied);
        counted = capacity;
        return true;
    }

    /**
     * All that came, handed over: counted as before, but no longer kept here.
     *
     * @return null when there is no memory to make it as short as it is
     */
    byte @Nullable [] bytes() {
        if (length < collected.length && !resize(length)) {
            return null;
        }
        byte[] all = collected;
        collected = NOTHING;
        return all;
    }

    /** Gives back the memory of its array; nobody may read it any more. */
    void release() {
        memory.giveBack(stranger, counted);
        counted = 0;
        collected = NOTHING;
    }
}
