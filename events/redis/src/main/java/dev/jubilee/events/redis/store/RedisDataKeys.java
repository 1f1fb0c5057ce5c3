package dev.jubilee.events.redis.store;

import dev.jubilee.events.redis.RedisLink;
import dev.jubilee.events.store.DataKeys;
import io.lettuce.core.KeyValue;
import io.lettuce.core.api.async.RedisAsyncCommands;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * People's keys in the hash {@code events-keys}. A key that was deleted may be in the server's
 * files until they are written anew: have it do {@code BGREWRITEAOF} in time. Thread-safe.
 */
public final class RedisDataKeys implements DataKeys {
    private static final String FIND_OR_STORE =
            """
            redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
            return {redis.call('HGET', KEYS[1], ARGV[1])}
            """;

    private final RedisAsyncCommands<String, String> redis;
    private final String key;
    private final Script findOrStore;

    /** The keys beside the log {@value RedisEventStore#PREFIX}. */
    public RedisDataKeys(RedisLink link) {
        this(link, RedisEventStore.PREFIX);
    }

    /** The keys beside the log of this prefix. */
    public RedisDataKeys(RedisLink link, String prefix) {
        this.redis = link.shared().async();
        this.key = new StoreKeys(prefix).dataKeys();
        this.findOrStore = new Script(redis, FIND_OR_STORE);
    }

    @Override
    public Map<String, WrappedKey> find(Collection<String> persons) {
        Map<String, WrappedKey> found = new HashMap<>();
        if (persons.isEmpty()) {
            return found;
        }
        List<KeyValue<String, String>> values =
                Failures.await(
                        "reading people's keys",
                        redis.hmget(key, persons.toArray(String[]::new)).toCompletableFuture());
        for (KeyValue<String, String> each : values) {
            if (each.hasValue()) {
                found.put(each.getKey(), read(each.getValue()));
            }
        }
        return found;
    }

    @Override
    public WrappedKey findOrStore(String person, WrappedKey offered) {
        List<Object> kept =
                Failures.await(
                        "storing a person's key",
                        findOrStore.run(redis, List.of(key), List.of(person, text(offered))));
        return read((String) kept.getFirst());
    }

    @Override
    public boolean forget(String person) {
        return Failures.await(
                        "deleting a person's key", redis.hdel(key, person).toCompletableFuture())
                == 1;
    }

    /** The key in base 64, a blank, and its id. */
    private static String text(WrappedKey wrapped) {
        return Base64.getEncoder().encodeToString(wrapped.wrapped()) + " " + wrapped.id();
    }

    private static WrappedKey read(String text) {
        int blank = text.indexOf(' ');
        return new WrappedKey(
                text.substring(blank + 1), Base64.getDecoder().decode(text.substring(0, blank)));
    }
}
