package dev.jubilee.server.http;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The memory that large answers may take until they are sent, shared by every port it is given to:
 * however many clients do not read what they asked for, the program stays alive. Strangers, who are
 * players and nobody in particular, have half of it at most, and each an eighth, or one answer that
 * is larger: so they shut out neither those who hold a key nor each other. Thread-safe.
 */
public final class AnswerMemory {
    /** In bytes. */
    public static final int SIZE = 16 * 1024 * 1024;

    private static final int OF_STRANGERS = SIZE / 2;
    private static final int OF_ONE = SIZE / 8;

    private final Map<String, Integer> heldBy = new HashMap<>();
    private int taken;
    private int ofStrangers;

    /** What one counts for, so that one that is larger than all of this passes alone. */
    int share(int bytes) {
        return Math.min(bytes, SIZE);
    }

    /**
     * Takes so many bytes; false, and nothing taken, when they are not free.
     *
     * @param stranger who is to be sent it; null if it is no stranger
     */
    public synchronized boolean take(@Nullable String stranger, int bytes) {
        if (taken + bytes > SIZE || (stranger != null && !isFreeFor(stranger, bytes))) {
            return false;
        }
        if (stranger != null) {
            heldBy.merge(stranger, bytes, Integer::sum);
            ofStrangers += bytes;
        }
        taken += bytes;
        return true;
    }

    private boolean isFreeFor(String stranger, int bytes) {
        int held = heldBy.getOrDefault(stranger, 0);
        return (held == 0 || held + bytes <= OF_ONE)
                && (ofStrangers == 0 || ofStrangers + bytes <= OF_STRANGERS);
    }

    /** Gives back bytes that the same caller took. */
    public synchronized void giveBack(@Nullable String stranger, int bytes) {
        taken -= bytes;
        if (stranger != null) {
            ofStrangers -= bytes;
            heldBy.computeIfPresent(
                    stranger, (who, held) -> held > bytes ? Integer.valueOf(held - bytes) : null);
        }
    }
}
