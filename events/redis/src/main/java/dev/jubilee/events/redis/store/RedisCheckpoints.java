package dev.jubilee.events.redis.store;

import dev.jubilee.events.redis.RedisLink;
import dev.jubilee.events.store.Checkpoints;
import io.lettuce.core.KeyValue;
import io.lettuce.core.api.async.RedisAsyncCommands;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Checkpoints in Redis, each a hash at {@code events-checkpoint:<subscription>}; leases are by the
 * server's clock. Thread-safe.
 */
public final class RedisCheckpoints implements Checkpoints {
    private static final String ACQUIRE =
            """
            local time = redis.call('TIME')
            local now = time[1] * 1000 + math.floor(time[2] / 1000)
            local leased = tonumber(redis.call('HGET', KEYS[1], 'leased_until') or '0')
            if leased > now and redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then
                return {0, 0, 0}
            end
            local token = redis.call('HINCRBY', KEYS[1], 'token', 1)
            redis.call('HSETNX', KEYS[1], 'position', 0)
            redis.call('HSET', KEYS[1], 'owner', ARGV[1],
                'leased_until', string.format('%d', now + ARGV[2]))
            return {1, token, tonumber(redis.call('HGET', KEYS[1], 'position'))}
            """;

    private static final String RENEW =
            """
            if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return {0} end
            local time = redis.call('TIME')
            local now = time[1] * 1000 + math.floor(time[2] / 1000)
            redis.call('HSET', KEYS[1], 'leased_until', string.format('%d', now + ARGV[2]))
            return {1}
            """;

    private static final String ADVANCE =
            """
            if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return {0} end
            if tonumber(redis.call('HGET', KEYS[1], 'position')) < tonumber(ARGV[2]) then
                redis.call('HSET', KEYS[1], 'position', ARGV[2])
            end
            return {1}
            """;

    private static final String RELEASE =
            """
            if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return {0} end
            redis.call('HSET', KEYS[1], 'leased_until', 0)
            return {1}
            """;

    private final RedisAsyncCommands<String, String> redis;
    private final StoreKeys keys;
    private final Script acquire;
    private final Script renew;
    private final Script advance;
    private final Script release;

    /** The checkpoints beside the log {@value RedisEventStore#PREFIX}. */
    public RedisCheckpoints(RedisLink link) {
        this(link, RedisEventStore.PREFIX);
    }

    /** The checkpoints beside the log of this prefix. */
    public RedisCheckpoints(RedisLink link, String prefix) {
        this.redis = link.shared().async();
        this.keys = new StoreKeys(prefix);
        this.acquire = new Script(redis, ACQUIRE);
        this.renew = new Script(redis, RENEW);
        this.advance = new Script(redis, ADVANCE);
        this.release = new Script(redis, RELEASE);
    }

    @Override
    public Optional<Lease> acquire(String subscription, String owner, Duration duration) {
        List<Object> answer =
                run("leasing", acquire, subscription, owner, Long.toString(duration.toMillis()));
        return Script.number(answer, 0) == 0
                ? Optional.empty()
                : Optional.of(
                        new Lease(
                                subscription,
                                owner,
                                Script.number(answer, 1),
                                Script.number(answer, 2)));
    }

    @Override
    public boolean renew(Lease lease, Duration duration) {
        String token = Long.toString(lease.token());
        String length = Long.toString(duration.toMillis());
        return isDone(run("renewing", renew, lease.subscription(), token, length));
    }

    @Override
    public boolean advance(Lease lease, long to) {
        String token = Long.toString(lease.token());
        return isDone(run("moving on", advance, lease.subscription(), token, Long.toString(to)));
    }

    @Override
    public void release(Lease lease) {
        boolean unused =
                isDone(
                        run(
                                "releasing",
                                release,
                                lease.subscription(),
                                Long.toString(lease.token())));
    }

    @Override
    public OptionalLong position(String subscription) {
        List<KeyValue<String, String>> found =
                Failures.await(
                        "reading where " + subscription + " is",
                        redis.hmget(keys.checkpoint(subscription), "position")
                                .toCompletableFuture());
        return found.getFirst().hasValue()
                ? OptionalLong.of(Long.parseLong(found.getFirst().getValue()))
                : OptionalLong.empty();
    }

    private static boolean isDone(List<Object> answer) {
        return Script.number(answer, 0) == 1;
    }

    private List<Object> run(String what, Script script, String subscription, String... arguments) {
        return Failures.await(
                what + " " + subscription,
                script.run(redis, List.of(keys.checkpoint(subscription)), List.of(arguments)));
    }
}
