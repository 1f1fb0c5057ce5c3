package dev.jubilee.events.redis;

import io.lettuce.core.LettuceFutures;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.api.sync.RedisCommands;
import java.time.Duration;
import java.util.UUID;
import java.util.function.LongSupplier;

/**
 * The right to read for a group: one owner at a time, by a key that runs out. Taken and released by
 * one thread; any may ask whether it runs.
 */
final class StreamLease {
    /** Long enough for a pause of the program, short enough to wait for. */
    static final Duration LENGTH = Duration.ofSeconds(10);

    private static final long RENEW_NANOS = LENGTH.toNanos() / 4;

    private static final String TAKE =
            """
            local owner = redis.call('GET', KEYS[1])
            if owner and owner ~= ARGV[1] then return 0 end
            redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
            return 1
            """;

    private static final String RELEASE =
            """
            if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
            return 0
            """;

    private final String[] key;
    private final String owner = UUID.randomUUID().toString();
    private volatile long takenAt;
    private volatile boolean held;

    private final LongSupplier nanos;

    StreamLease(String stream, String group) {
        this(stream, group, System::nanoTime);
    }

    StreamLease(String stream, String group, LongSupplier nanos) {
        this.nanos = nanos;
        this.key = new String[] {keyOf(stream, group)};
    }

    static String keyOf(String stream, String group) {
        return stream + ":" + group + ":owner";
    }

    /** Takes or keeps it; asks the server only when it is time. */
    boolean take(RedisCommands<String, String> redis) {
        long now = nanos.getAsLong();
        if (held && now - takenAt < RENEW_NANOS) {
            return true;
        }
        String length = Long.toString(LENGTH.toMillis());
        Long answer = redis.eval(TAKE, ScriptOutputType.INTEGER, key, owner, length);
        takenAt = now;
        held = answer != null && answer == 1;
        return held;
    }

    /**
     * Whether it is held for certain, also by whoever cannot reach the server: by our own clock,
     * since before the server was asked.
     */
    boolean runs() {
        return held && nanos.getAsLong() - takenAt < LENGTH.toNanos();
    }

    /** Waits no longer than that for a server that may be away: then it runs out by itself. */
    void release(RedisAsyncCommands<String, String> redis, Duration atMost) {
        held = false;
        RedisFuture<Long> answer = redis.eval(RELEASE, ScriptOutputType.INTEGER, key, owner);
        if (!LettuceFutures.awaitAll(atMost, answer)) {
            answer.cancel(true);
        }
    }
}
