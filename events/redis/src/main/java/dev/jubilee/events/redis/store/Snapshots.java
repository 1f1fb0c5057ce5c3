package dev.jubilee.events.redis.store;

import dev.jubilee.events.store.Snapshot;
import io.lettuce.core.api.async.RedisAsyncCommands;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** The latest snapshot of each stream, a hash beside it. */
final class Snapshots {
    /** Keys: the stream's version, its snapshot. Arguments: version, content type and data. */
    private static final String SAVE =
            """
            local stored = redis.call('GET', KEYS[1])
            if not stored or stored == 'deleted' then return {0} end
            local version = tonumber(ARGV[1])
            if version > tonumber(stored) then return {0} end
            local kept = redis.call('HGET', KEYS[2], 'version')
            if kept and tonumber(kept) > version then return {0} end
            redis.call('HSET', KEYS[2], 'version', ARGV[1], 'contenttype', ARGV[2], 'data', ARGV[3])
            return {1}
            """;

    private final RedisAsyncCommands<String, String> redis;
    private final StoreKeys keys;
    private final Script save;

    Snapshots(RedisAsyncCommands<String, String> redis, StoreKeys keys) {
        this.redis = redis;
        this.keys = keys;
        this.save = new Script(redis, SAVE);
    }

    CompletableFuture<Boolean> save(Snapshot snapshot) {
        List<String> at =
                List.of(keys.version(snapshot.stream()), keys.snapshot(snapshot.stream()));
        List<String> arguments =
                List.of(
                        Long.toString(snapshot.version()),
                        snapshot.contentType(),
                        Base64.getEncoder().encodeToString(snapshot.data()));
        return save.run(redis, at, arguments).thenApply(answer -> Script.number(answer, 0) == 1);
    }

    CompletableFuture<Optional<Snapshot>> load(String stream) {
        return redis.hgetall(keys.snapshot(stream))
                .toCompletableFuture()
                .thenApply(fields -> snapshot(stream, fields));
    }

    private static Optional<Snapshot> snapshot(String stream, Map<String, String> fields) {
        String version = fields.get("version");
        String contentType = fields.get("contenttype");
        String data = fields.get("data");
        return version == null || contentType == null || data == null
                ? Optional.empty()
                : Optional.of(
                        new Snapshot(
                                stream,
                                Long.parseLong(version),
                                contentType,
                                Base64.getDecoder().decode(data)));
    }
}
