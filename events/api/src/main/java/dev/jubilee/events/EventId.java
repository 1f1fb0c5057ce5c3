package dev.jubilee.events;

import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.SplittableRandom;
import java.util.UUID;

/**
 * Makes event ids: UUID version 7 (RFC 9562 §5.7), so that ids made later sort later and an index
 * on them is appended to. Ids made by one instance are strictly increasing. Thread-safe.
 */
public final class EventId {
    private static final long VERSION_7 = 0x7000L;
    private static final long VARIANT = 0x8000_0000_0000_0000L;
    private static final int COUNTER_BITS = 12;

    private final InstantSource clock;
    private final SplittableRandom random = new SplittableRandom(new SecureRandom().nextLong());
    private long lastTick;

    /** Ids carry the milliseconds of the clock given. */
    public EventId(InstantSource clock) {
        this.clock = clock;
    }

    /** The next id. */
    public UUID next() {
        long tick;
        long tail;
        synchronized (this) {
            // A tick is 1/4096 of a millisecond: within one millisecond the low 12 bits count.
            tick = Math.max(clock.millis() << COUNTER_BITS, lastTick + 1);
            lastTick = tick;
            tail = random.nextLong();
        }
        long high = (tick >>> COUNTER_BITS << 16) | VERSION_7 | (tick & 0xFFF);
        return new UUID(high, VARIANT | (tail >>> 2));
    }

    /** The millisecond in which a version 7 id was made. */
    public static Instant timeOf(UUID id) {
        if (id.version() != 7) {
            throw new IllegalArgumentException(
                    "expected a UUID of version 7, was version " + id.version() + ": " + id);
        }
        return Instant.ofEpochMilli(id.getMostSignificantBits() >>> 16);
    }
}
