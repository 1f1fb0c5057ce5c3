package dev.jubilee.server.liveops.events;

import com.github.benmanes.caffeine.cache.AsyncLoadingCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * The two reads that everybody makes, as bytes that are ready to send. A change of an event shows
 * at once on the instance that made it and within milliseconds on the others; counts are at most a
 * second old, or, where counting takes long, ten times as old as that takes. What is asked for
 * often is renewed in the background, so that nobody waits for it. Bounded in entries and in bytes.
 * Thread-safe; never blocks.
 */
final class CachedReads implements AutoCloseable {
    private static final Duration FRESH = Duration.ofMillis(500);
    private static final Duration OLDEST = Duration.ofSeconds(1);
    private static final long MAX_BYTES = 16L << 20;
    private static final int ENTRY_BYTES = 500;

    /** Stands for an event that is not there, which is as worth remembering as one that is. */
    private static final Reply MISSING = Reply.json(404, new byte[0]);

    /** A request for a list; two are the same when they were written the same. */
    static final class ListKey {
        private final String uri;
        private final boolean drafts;
        private final @Nullable ListQuery query;

        ListKey(String uri, boolean drafts, @Nullable ListQuery query) {
            this.uri = uri;
            this.drafts = drafts;
            this.query = query;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof ListKey key && key.uri.equals(uri) && key.drafts == drafts;
        }

        @Override
        public int hashCode() {
            return uri.hashCode();
        }
    }

    private record DetailKey(String eventId, boolean drafts) {}

    private final ExecutorService loaders = Executors.newVirtualThreadPerTaskExecutor();
    private final AsyncLoadingCache<ListKey, Reply> lists;
    private final AsyncLoadingCache<DetailKey, Reply> details;

    CachedReads(EventReads reads) {
        this.lists =
                bounded()
                        .buildAsync(key -> {
                            if (key.query == null) {
                                throw new IllegalStateException("a probe is never loaded");
                            }
                            return Reply.ok(reads.list(key.query));
                        });
        this.details =
                bounded()
                        .buildAsync(key -> {
                            Object detail = reads.detail(key.eventId, key.drafts);
                            return detail == null ? MISSING : Reply.ok(detail);
                        });
    }

    /** The answer to a list that was asked for lately; null when it must be loaded. */
    @Nullable CompletableFuture<Reply> listIfKnown(String uri, boolean drafts) {
        return lists.getIfPresent(new ListKey(uri, drafts, null));
    }

    /** The answer to a list. */
    CompletableFuture<Reply> list(String uri, ListQuery query) {
        return lists.get(new ListKey(uri, query.drafts(), query));
    }

    /** The answer to one event; fails with 404. */
    CompletableFuture<Reply> detail(String eventId, boolean drafts) {
        CompletableFuture<Reply> reply = details.get(new DetailKey(eventId, drafts));
        boolean there = reply.isDone() && isThere(reply.getNow(MISSING));
        return there ? reply : reply.thenApply(loaded -> mustBeThere(loaded, eventId));
    }

    private static Reply mustBeThere(Reply reply, String eventId) {
        if (!isThere(reply)) {
            throw Problem.notFound("event", eventId).asException();
        }
        return reply;
    }

    private static boolean isThere(Reply reply) {
        return reply.status() != MISSING.status();
    }

    /** Forgets what an event shows in; an empty id means all. */
    void forget(String eventId) {
        lists.synchronous().invalidateAll();
        if (eventId.isEmpty()) {
            details.synchronous().invalidateAll();
        } else {
            details.synchronous().invalidate(new DetailKey(eventId, true));
            details.synchronous().invalidate(new DetailKey(eventId, false));
        }
    }

    @Override
    public void close() {
        loaders.shutdownNow();
    }

    private Caffeine<Object, Reply> bounded() {
        return Caffeine.newBuilder()
                .executor(loaders)
                .maximumWeight(MAX_BYTES)
                .weigher((Object key, Reply reply) -> reply.body().length + ENTRY_BYTES)
                .refreshAfterWrite(FRESH)
                .expireAfterWrite(OLDEST);
    }
}
