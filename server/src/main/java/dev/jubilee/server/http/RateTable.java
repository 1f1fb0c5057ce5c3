package dev.jubilee.server.http;

/**
 * Rate limits for very many callers in memory that does not grow, by the generic cell rate
 * algorithm (ITU-T I.371): a caller is one number, the time at which its debt is paid. Who owes
 * nothing takes no room. When a bucket of the table is full of debtors, the smallest debt is
 * forgotten: under more callers than it holds it grows lenient, never strict. Thread-safe.
 */
final class RateTable {
    private static final int WAYS = 8;
    private static final int LOCKS = 64;

    private final long[] callers;
    private final long[] paidAt;
    private final Object[] locks = new Object[LOCKS];
    private final int mask;

    /**
     * @param buckets a power of two; each holds eight callers
     */
    RateTable(int buckets) {
        mask = buckets - 1;
        callers = new long[buckets * WAYS];
        paidAt = new long[buckets * WAYS];
        for (int i = 0; i < LOCKS; i++) {
            locks[i] = new Object();
        }
    }

    /**
     * Counts one request.
     *
     * @param caller a well-mixed 64-bit hash
     * @param now nanoseconds of a clock that starts at 0 and never goes back
     * @param interval nanoseconds that one request costs
     * @param burst the debt that a caller may have at most
     * @return the debt afterwards; negative when refused: how long until one more is allowed
     */
    long take(long caller, long now, long interval, long burst) {
        int bucket = (int) (caller >>> 40) & mask;
        synchronized (locks[bucket & (LOCKS - 1)]) {
            int slot = slot(caller, bucket * WAYS, now);
            long debt = callers[slot] == caller ? Math.max(0, paidAt[slot] - now) : 0;
            if (debt + interval > burst) {
                return -Math.max(1, debt + interval - burst);
            }
            callers[slot] = caller;
            paidAt[slot] = now + debt + interval;
            return debt + interval;
        }
    }

    private int slot(long caller, int from, long now) {
        int smallest = from;
        for (int i = from; i < from + WAYS; i++) {
            if (callers[i] == caller) {
                return i;
            }
            if (paidAt[i] - now < paidAt[smallest] - now) {
                smallest = i;
            }
        }
        return smallest;
    }
}
