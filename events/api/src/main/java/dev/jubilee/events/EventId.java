package dev.jubilee.events;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Makes event ids: UUID version 7 (RFC 9562 §5.7), so that ids made later sort later and an index
 * on them is appended to. Ids made by one instance are strictly increasing. Thread-safe.
 */
public final class EventId {
    private static final long VERSION_7 = 0x7000L;
    private static final long VERSION_8 = 0x8000L;
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

    /**
     * The id that these parts always lead to: UUID version 8 (RFC 9562 §5.8) over the SHA-256 of
     * the parts, each preceded by its length, so that {@code ("ab", "c")} and {@code ("a", "bc")}
     * differ. For ids that a retry must find again: from an idempotency key, or of what an outbox
     * sends.
     */
    public static UUID derived(String... parts) {
        MessageDigest sha256 = sha256();
        for (String part : parts) {
            byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
            sha256.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, bytes.length));
            sha256.update(bytes);
        }
        ByteBuffer hash = ByteBuffer.wrap(sha256.digest());
        long high = (hash.getLong() & ~0xF000L) | VERSION_8;
        return new UUID(high, VARIANT | (hash.getLong() >>> 2));
    }

    /** A new id of the millisecond given, in no order with others of that millisecond. */
    public static UUID at(Instant time) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        long high = time.toEpochMilli() << 16 | VERSION_7 | random.nextInt(1 << COUNTER_BITS);
        return new UUID(high, VARIANT | (random.nextLong() >>> 2));
    }

    /**
     * The id of the item at this index of something that has an id of version 7: the same at every
     * call, of the same millisecond, and next to that id in any order by id, so that an index takes
     * both cheaply.
     */
    public static UUID ofItem(UUID whole, int index) {
        if (whole.version() != 7) {
            throw new IllegalArgumentException(
                    "expected a UUID of version 7, was version " + whole.version() + ": " + whole);
        }
        return new UUID(
                whole.getMostSignificantBits(),
                VARIANT | ((whole.getLeastSignificantBits() + index) & ~(VARIANT >> 1)));
    }

    /** The millisecond in which a version 7 id was made. */
    public static Instant timeOf(UUID id) {
        if (id.version() != 7) {
            throw new IllegalArgumentException(
                    "expected a UUID of version 7, was version " + id.version() + ": " + id);
        }
        return Instant.ofEpochMilli(id.getMostSignificantBits() >>> 16);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
