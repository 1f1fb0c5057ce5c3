package dev.jubilee.bench;

import dev.jubilee.events.redis.RedisAddress;
import io.lettuce.core.Consumer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XGroupCreateArgs;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.XReadArgs.StreamOffset;
import io.lettuce.core.api.StatefulRedisConnection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Lettuce by itself, at the guarantees of the library's bus on Streams: as many unanswered {@code
 * XADD}, a consumer group, as many entries a page, each page acknowledged when it is handled. It
 * sends one text again and again and reads none.
 */
final class RedisYardstick implements AutoCloseable {
    private static final String STREAM = "bench-yardstick";
    private static final String GROUP = "bench";
    private static final int MOST_UNANSWERED = 1000;
    private static final int PAGE = 200;
    private static final Duration BLOCK = Duration.ofSeconds(1);

    private final RedisClient client;
    private final StatefulRedisConnection<String, String> writing;
    private final StatefulRedisConnection<String, String> reading;
    private final String text;
    private final Semaphore room = new Semaphore(MOST_UNANSWERED);
    private final AtomicLong handled = new AtomicLong();
    private final Thread reader;
    private volatile boolean ending;

    RedisYardstick(RedisAddress address, String text) {
        this.text = text;
        this.client = RedisClient.create(address.uri());
        this.writing = client.connect();
        this.reading = client.connect();
        String _ =
                writing.sync()
                        .xgroupCreate(
                                StreamOffset.latest(STREAM),
                                GROUP,
                                new XGroupCreateArgs().mkstream(true));
        this.reader = Thread.ofVirtual().name(STREAM).start(this::read);
    }

    @SuppressWarnings("unchecked") // an array of one offset
    private void read() {
        Consumer<String> consumer = Consumer.from(GROUP, GROUP);
        while (!ending) {
            List<StreamMessage<String, String>> page =
                    reading.sync()
                            .xreadgroup(
                                    consumer,
                                    XReadArgs.Builder.count(PAGE).block(BLOCK),
                                    StreamOffset.lastConsumed(STREAM));
            if (!page.isEmpty()) {
                handled.addAndGet(page.size());
                var _ =
                        writing.async()
                                .xack(
                                        STREAM,
                                        GROUP,
                                        page.stream()
                                                .map(StreamMessage::getId)
                                                .toArray(String[]::new));
            }
        }
    }

    /** Sends for so long, as fast as the answers allow, and waits until all are handled. */
    Carried carry(Duration duration) {
        long before = handled.get();
        AtomicLong failed = new AtomicLong();
        long start = System.nanoTime();
        long sent = 0;
        while (System.nanoTime() - start < duration.toNanos()) {
            room.acquireUninterruptibly();
            var _ =
                    writing.async()
                            .xadd(STREAM, "event", text)
                            .whenComplete((id, failure) -> {
                                room.release();
                                failed.addAndGet(failure == null ? 0 : 1);
                            });
            sent++;
        }
        Carried carried = Carried.awaitHandled(sent, start, () -> handled.get() - before);
        if (failed.get() > 0) {
            throw new BenchException(failed.get() + " events of the yardstick were not taken");
        }
        long dropped = writing.sync().xtrim(STREAM, 0);
        if (dropped < sent) {
            throw new BenchException("the yardstick's stream held only " + dropped);
        }
        return carried;
    }

    @Override
    public void close() {
        ending = true;
        try {
            reader.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        writing.close();
        reading.close();
        client.shutdown();
    }
}
