package dev.jubilee.events.redis.store;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.store.AppendResult;
import io.lettuce.core.api.async.RedisAsyncCommands;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Appends in one step: nobody ever sees a part of it, or a position before one that is smaller. */
final class Appending {
    /**
     * Keys: the stream, its version, the log, its last position. Arguments: the expected version,
     * then id and rest of each event.
     */
    private static final String APPEND =
            """
            local expected, count = tonumber(ARGV[1]), (#ARGV - 1) / 2
            local stored = redis.call('GET', KEYS[2])
            if stored == 'deleted' then return {3, 0, 0} end
            local version = tonumber(stored or '0')
            local function text(number) return string.format('%d', number) end

            local function repeated()
                if version < expected + count then return nil end
                local there = redis.call(
                    'ZRANGEBYSCORE', KEYS[1], text(expected + 1), text(expected + count))
                local position
                for i, event in ipairs(there) do
                    local id, from, to = ARGV[2 * i], nil, nil
                    from, to, position = string.find(event, '^{"version":%d+,"position":(%d+),')
                    if string.sub(event, to + 1, to + #id) ~= id then return nil end
                end
                return tonumber(position)
            end

            if version ~= expected then
                local position = repeated()
                if position then return {1, expected + count, position} end
                return {2, version, 0}
            end
            local last = redis.call('INCRBY', KEYS[4], count)
            local events = {}
            for i = 1, count do
                events[2 * i - 1] = text(expected + i)
                events[2 * i] = '{"version":' .. text(expected + i)
                    .. ',"position":' .. text(last - count + i)
                    .. ',' .. ARGV[2 * i] .. ',' .. ARGV[2 * i + 1]
            end
            redis.call('ZADD', KEYS[1], unpack(events))
            redis.call('SET', KEYS[2], text(expected + count))
            redis.call('XADD', KEYS[3], text(last) .. '-0',
                'stream', KEYS[1], 'version', text(expected + count), 'count', count)
            return {0, expected + count, last}
            """;

    private final RedisAsyncCommands<String, String> redis;
    private final StoreKeys keys;
    private final StoredJson json;
    private final Script append;

    Appending(RedisAsyncCommands<String, String> redis, StoreKeys keys, StoredJson json) {
        this.redis = redis;
        this.keys = keys;
        this.json = json;
        this.append = new Script(redis, APPEND);
    }

    CompletableFuture<AppendResult> append(
            String stream, List<Envelope> events, long expectedVersion) {
        List<String> arguments = new ArrayList<>(1 + 2 * events.size());
        arguments.add(Long.toString(expectedVersion));
        for (Envelope event : events) {
            arguments.add(json.id(event));
            arguments.add(json.rest(event));
        }
        List<String> at =
                List.of(keys.events(stream), keys.version(stream), keys.log(), keys.position());
        return append.run(redis, at, arguments).thenApply(Appending::result);
    }

    private static AppendResult result(List<Object> answer) {
        long version = Script.number(answer, 1);
        long position = Script.number(answer, 2);
        return switch ((int) Script.number(answer, 0)) {
            case 0 -> new AppendResult.Appended(version, position);
            case 1 -> new AppendResult.Duplicate(version, position);
            case 2 -> new AppendResult.Conflict(version);
            case 3 -> new AppendResult.StreamDeleted();
            default -> throw new IllegalStateException("the script answered " + answer);
        };
    }
}
