package dev.jubilee.events.postgres.store;

import dev.jubilee.events.Envelope;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One call, as it waits for its batch. What can be computed before is, on the caller's thread: the
 * lane's is the busiest of all.
 *
 * @param times of the events, in nanoseconds since 1970
 * @param attributes of the events, see {@link Attributes}
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Append(
        String stream,
        List<Envelope> events,
        long expectedVersion,
        long[] times,
        @Nullable String[] attributes) {
    private static final long NANOS = 1_000_000_000L;

    static Append of(String stream, List<Envelope> events, long expectedVersion) {
        List<Envelope> copy = List.copyOf(events);
        long[] times = new long[copy.size()];
        @Nullable String[] attributes = new @Nullable String[copy.size()];
        for (int i = 0; i < copy.size(); i++) {
            times[i] = nanos(copy.get(i).time());
            attributes[i] = Attributes.of(copy.get(i));
        }
        return new Append(stream, copy, expectedVersion, times, attributes);
    }

    int size() {
        return events.size();
    }

    long versionAfter() {
        return expectedVersion + events.size();
    }

    static Instant instant(long nanos) {
        return Instant.ofEpochSecond(Math.floorDiv(nanos, NANOS), Math.floorMod(nanos, NANOS));
    }

    private static long nanos(Instant time) {
        try {
            return Math.addExact(
                    Math.multiplyExact(time.getEpochSecond(), NANOS), (long) time.getNano());
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(
                    "an event's time must be between the years 1678 and 2261, was " + time, e);
        }
    }
}
