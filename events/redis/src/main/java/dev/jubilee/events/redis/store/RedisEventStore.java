package dev.jubilee.events.redis.store;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.redis.RedisLink;
import dev.jubilee.events.store.AppendResult;
import dev.jubilee.events.store.DeleteResult;
import dev.jubilee.events.store.EventStore;
import dev.jubilee.events.store.EventStoreUnavailable;
import dev.jubilee.events.store.Snapshot;
import dev.jubilee.events.store.StoredEvent;
import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.RedisException;
import io.lettuce.core.api.async.RedisAsyncCommands;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Events in Redis. A stream is a sorted set by version at {@code events:<stream>}, its version is
 * at {@code events:<stream>:version}, and each append is an entry of the Redis stream {@code
 * events-log}, at the position of its last event. An append is one script: positions come from a
 * counter within it, so that the order of positions is the order in which appends can be seen.
 *
 * <p>Durable as the server's persistence is: with {@code appendonly yes} and {@code appendfsync
 * always} what was acknowledged outlives a crash; without, it does not, and a replica that takes
 * over may lack the last appends. All events are in memory. Needs Redis 7, not as a cluster; any
 * number of stores, in any number of programs, may work on one log.
 *
 * <p>Appends of many callers share a connection, which is not closed with the store.
 */
public final class RedisEventStore implements EventStore {
    /** What the keys begin with unless something else is said. */
    public static final String PREFIX = "events";

    private static final Logger LOG = LoggerFactory.getLogger(RedisEventStore.class);

    /** Keys: the log. Arguments: the position after which, and how many events at most. */
    private static final String READ_ALL =
            """
            local after, most = tonumber(ARGV[1]), tonumber(ARGV[2])
            local events = {}
            local appends = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1] .. '-0', '+',
                'COUNT', ARGV[2])
            for _, append in ipairs(appends) do
                local last = tonumber(string.match(append[1], '^%d+'))
                local stream, version, count = append[2][2], append[2][4], append[2][6]
                local first = math.max(version - count + 1, version - (last - after) + 1)
                local page = redis.call('ZRANGEBYSCORE', stream, string.format('%d', first),
                    version, 'LIMIT', 0, most - #events / 2)
                for _, event in ipairs(page) do
                    events[#events + 1] = stream
                    events[#events + 1] = event
                end
                if #events >= 2 * most then break end
            end
            return events
            """;

    private final RedisAsyncCommands<String, String> redis;
    private final StoreKeys keys;
    private final StoredJson json = new StoredJson();
    private final Appending appending;
    private final StreamDeletion deletion;
    private final Snapshots snapshots;
    private final Script readAll;
    private volatile boolean closed;

    /** A store whose keys begin with {@value #PREFIX}. */
    public RedisEventStore(RedisLink link) {
        this(link, PREFIX);
    }

    /**
     * A store whose keys begin with the prefix; each is a log of its own, with its own positions.
     *
     * @throws IllegalArgumentException if the prefix is not a letter, then a-z, 0-9 and '_'; or if
     *     the server is older than 7, one of a cluster, or may drop events for want of memory
     */
    public RedisEventStore(RedisLink link, String prefix) {
        link.requireForStore(LOG);
        this.redis = link.shared().async();
        this.keys = new StoreKeys(prefix);
        this.appending = new Appending(redis, keys, json);
        this.deletion = new StreamDeletion(redis, keys);
        this.snapshots = new Snapshots(redis, keys);
        this.readAll = new Script(redis, READ_ALL);
    }

    @Override
    public AppendResult saveEvents(String stream, List<Envelope> events, long expectedVersion) {
        return Failures.await(
                "appending to " + stream, saveEventsAsync(stream, events, expectedVersion));
    }

    @Override
    public CompletableFuture<AppendResult> saveEventsAsync(
            String stream, List<Envelope> events, long expectedVersion) {
        EventStore.require(stream, events, expectedVersion);
        String what = "appending to " + stream;
        return asked(what, () -> appending.append(stream, events, expectedVersion));
    }

    @Override
    public List<StoredEvent> getEvents(String stream, long fromVersion, int limit) {
        Range<Long> versions =
                Range.from(Range.Boundary.including(fromVersion), Range.Boundary.unbounded());
        return ask(
                        "reading " + stream,
                        () ->
                                redis.zrangebyscore(
                                                keys.events(stream), versions, Limit.from(limit))
                                        .toCompletableFuture())
                .stream()
                .map(text -> json.read(stream, text))
                .toList();
    }

    @Override
    public List<StoredEvent> getAllEvents(long afterPosition, int batchSize) {
        List<Object> found =
                ask(
                        "reading all events",
                        () ->
                                readAll.run(
                                        redis,
                                        List.of(keys.log()),
                                        List.of(
                                                Long.toString(afterPosition),
                                                Integer.toString(batchSize))));
        List<StoredEvent> events = new ArrayList<>(found.size() / 2);
        for (int i = 0; i < found.size(); i += 2) {
            events.add(json.read(keys.stream((String) found.get(i)), (String) found.get(i + 1)));
        }
        return events;
    }

    @Override
    public long lastPosition() {
        String last =
                ask(
                                "reading the last position",
                                () ->
                                        redis.get(keys.position())
                                                .toCompletableFuture()
                                                .thenApply(Optional::ofNullable))
                        .orElse("0");
        return Long.parseLong(last);
    }

    @Override
    public DeleteResult deleteStream(String stream, long expectedVersion) {
        return ask("deleting " + stream, () -> deletion.delete(stream, expectedVersion));
    }

    @Override
    public boolean saveSnapshot(Snapshot snapshot) {
        return ask("saving a snapshot of " + snapshot.stream(), () -> snapshots.save(snapshot));
    }

    @Override
    public Optional<Snapshot> loadSnapshot(String stream) {
        return ask("loading a snapshot of " + stream, () -> snapshots.load(stream));
    }

    @Override
    public void close() {
        closed = true;
    }

    private <T> T ask(String what, Supplier<CompletableFuture<T>> question) {
        return Failures.await(what, asked(what, question));
    }

    private <T> CompletableFuture<T> asked(String what, Supplier<CompletableFuture<T>> question) {
        if (closed) {
            return CompletableFuture.failedFuture(
                    new EventStoreUnavailable(what + ": the store is closed", null));
        }
        try {
            return question.get()
                    .exceptionallyCompose(
                            failure -> CompletableFuture.failedFuture(Failures.of(what, failure)));
        } catch (RedisException e) {
            return CompletableFuture.failedFuture(Failures.of(what, e));
        }
    }
}
