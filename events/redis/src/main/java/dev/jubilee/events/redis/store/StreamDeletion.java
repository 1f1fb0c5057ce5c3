package dev.jubilee.events.redis.store;

import dev.jubilee.events.store.DeleteResult;
import io.lettuce.core.api.async.RedisAsyncCommands;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Deletes a stream in one step, which takes the server as long as the stream is. */
final class StreamDeletion {
    /** Keys: the stream, its version, its snapshot, the log. Argument: the expected version. */
    private static final String DELETE =
            """
            local stored = redis.call('GET', KEYS[2])
            if not stored then return {0, 0} end
            if stored == 'deleted' then return {1, 0} end
            if stored ~= ARGV[1] then return {2, tonumber(stored)} end
            local from = 0
            repeat
                local page = redis.call('ZRANGE', KEYS[1], from, from + 999)
                local positions = {}
                for i, event in ipairs(page) do
                    positions[i] =
                        string.match(event, '^{"version":%d+,"position":(%d+),') .. '-0'
                end
                if #page > 0 then redis.call('XDEL', KEYS[4], unpack(positions)) end
                from = from + 1000
            until #page == 0
            redis.call('UNLINK', KEYS[1], KEYS[3])
            redis.call('SET', KEYS[2], 'deleted')
            return {1, 0}
            """;

    private final RedisAsyncCommands<String, String> redis;
    private final StoreKeys keys;
    private final Script delete;

    StreamDeletion(RedisAsyncCommands<String, String> redis, StoreKeys keys) {
        this.redis = redis;
        this.keys = keys;
        this.delete = new Script(redis, DELETE);
    }

    CompletableFuture<DeleteResult> delete(String stream, long expectedVersion) {
        List<String> at =
                List.of(
                        keys.events(stream),
                        keys.version(stream),
                        keys.snapshot(stream),
                        keys.log());
        return delete.run(redis, at, List.of(Long.toString(expectedVersion)))
                .thenApply(answer ->
                        switch ((int) Script.number(answer, 0)) {
                            case 0 -> new DeleteResult.NotFound();
                            case 1 -> new DeleteResult.Deleted();
                            case 2 -> new DeleteResult.Conflict(Script.number(answer, 1));
                            default ->
                                    throw new IllegalStateException(
                                            "the script answered " + answer);
                        });
    }
}
