package dev.jubilee.events.redis;

import dev.jubilee.events.TopicPattern;
import dev.jubilee.events.core.Answer;
import dev.jubilee.events.core.Backlog;
import dev.jubilee.events.core.Complaints;
import dev.jubilee.events.core.Dispatcher;
import io.lettuce.core.LettuceFutures;
import io.lettuce.core.Range;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.api.sync.RedisCommands;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Feeds one subscription from the stream, in a thread and on a connection of its own. When the
 * connection is lost it makes another and goes on. While the workers are full it reads no more. Of
 * a key that waits for a retry so much is in memory; the rest is read again when the key is free.
 */
abstract class StreamReceiver implements Runnable {
    /** How many entries are asked for at once. */
    static final int PAGE = 200;

    /** How long the server waits for an entry before it answers that there is none. */
    static final Duration BLOCK = Duration.ofSeconds(1);

    private static final Logger LOG = LoggerFactory.getLogger(StreamReceiver.class);
    private static final Duration PAUSE = Duration.ofMillis(200);
    private static final Duration FULL_PAUSE = Duration.ofMillis(1);

    /** While something is to be read again. */
    private static final Duration SHORT_BLOCK = Duration.ofMillis(10);

    private static final Duration READ_WITHIN = Duration.ofSeconds(10);

    /** So much is read again together. */
    private static final int CHUNK = 100;

    private final String name;
    private final String stream;
    private final TopicPattern pattern;
    private final RedisLink link;
    private final RedisMessages messages;
    private final Supplier<Dispatcher> workers;
    private final ReentrantLock ends = new ReentrantLock();
    private final Thread thread;
    private final Complaints complaints;
    private final Complaints ofGone;
    private final Backlog<String> backlog = new Backlog<>();
    private volatile Dispatcher dispatcher;
    private volatile boolean ending;
    private volatile @Nullable StatefulRedisConnection<String, String> connection;

    StreamReceiver(
            String name,
            String stream,
            TopicPattern pattern,
            RedisLink link,
            RedisMessages messages,
            Supplier<Dispatcher> workers) {
        this.name = name;
        this.stream = stream;
        this.pattern = pattern;
        this.link = link;
        this.messages = messages;
        this.workers = workers;
        this.dispatcher = workers.get();
        this.complaints = new Complaints(LOG, name + " cannot read at present");
        this.ofGone =
                new Complaints(LOG, name + " lost an event of a key that waited: it was dropped");
        this.thread = Thread.ofVirtual().name("redis-" + name).unstarted(this);
    }

    /** Reads until it ends or the connection is lost. */
    abstract void read(RedisCommands<String, String> redis);

    /** Whether what was read may be handled here; asked again and again while there is no room. */
    abstract boolean mayHandle(RedisCommands<String, String> redis);

    /** What the server waits to be told of an entry. */
    abstract RedisDelivery.Claim claimOf(String id);

    /** Everything that was begun is handled: says so to the server. */
    abstract void finish();

    /** Whether it feeds the subscription of this name. */
    final boolean is(String subscription) {
        return name.equals(subscription);
    }

    final String name() {
        return name;
    }

    final String stream() {
        return stream;
    }

    /** What is to be read again, of keys that wait. */
    final Backlog<String> backlog() {
        return backlog;
    }

    /** How long the server may wait for an entry before it answers that there is none. */
    final Duration block() {
        return backlog.isEmpty() ? BLOCK : SHORT_BLOCK;
    }

    final boolean isEnding() {
        return ending;
    }

    final void start() {
        thread.start();
    }

    /** Reads no more and finishes what it has, without waiting for that. */
    final void signalEnd() {
        ending = true;
        StatefulRedisConnection<String, String> waiting = connection;
        if (waiting != null) {
            var unused = waiting.closeAsync();
        }
        LockSupport.unpark(thread);
    }

    /** Reads no more, has the workers finish as told, and lets the next owner begin. */
    final void end(boolean drain) {
        Dispatcher last;
        ends.lock();
        try {
            signalEnd();
            last = dispatcher;
        } finally {
            ends.unlock();
        }
        if (drain) {
            last.close();
        } else {
            last.stop();
        }
        boolean interrupted = false;
        while (thread.isAlive() && last.isAwaitable(drain)) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public final void run() {
        while (!ending) {
            try (StatefulRedisConnection<String, String> made = link.once()) {
                connection = made;
                if (!ending) {
                    read(made.sync());
                }
            } catch (Throwable e) { // whatever it is, it must not end the subscription
                if (!ending) {
                    tell(e);
                    pause();
                }
            }
        }
        dispatcher.close();
        try {
            finish();
        } catch (RuntimeException e) {
            LOG.debug("the lease of {} runs out by itself: {}", name, e.toString());
        }
    }

    /** A connection that is lost is told of by the client; what the server refuses is not. */
    private void tell(Throwable failure) {
        if (failure instanceof RedisCommandExecutionException
                || !(failure instanceof RedisException
                        || failure instanceof CancellationException)) {
            complaints.about(failure);
        } else {
            LOG.debug("{} cannot read at present: {}", name, failure.toString());
        }
    }

    /**
     * Begins nothing more of what was read, gives it back, and goes on with workers that have none
     * of it: what is read again would else come behind what was read after it.
     */
    final void giveBackAll() {
        if (dispatcher.inHand() == 0) {
            return;
        }
        dispatcher.stop();
        ends.lock();
        try {
            if (!ending) {
                dispatcher = workers.get();
            }
        } finally {
            ends.unlock();
        }
    }

    /** Waits a moment, or until it ends. */
    final void pause() {
        if (!ending) {
            LockSupport.parkNanos(PAUSE.toNanos());
        }
    }

    /**
     * Gives the entry to the workers as soon as there is room.
     *
     * @return false if it ends, or may not be handled here any more, before there was
     */
    final boolean handOver(
            RedisCommands<String, String> redis, StreamMessage<String, String> entry) {
        RedisDelivery.Claim claim = claimOf(entry.getId());
        RedisDelivery delivery = wanted(entry, claim);
        if (delivery == null) {
            claim.settled();
            return true;
        }
        try {
            while (!isTaken(delivery, entry.getId())) {
                if (ending || !mayHandle(redis)) {
                    claim.returned();
                    return false;
                }
                LockSupport.parkNanos(FULL_PAUSE.toNanos());
                bringBack();
            }
            return true;
        } catch (Throwable e) { // nobody has it in hand, so whoever reads next must find it
            claim.returned();
            throw e;
        }
    }

    /** What of the entry the subscription is to handle, if anything. */
    private @Nullable RedisDelivery wanted(
            StreamMessage<String, String> entry, RedisDelivery.Claim claim) {
        String text = entry.getBody() == null ? null : entry.getBody().get(RedisMessages.EVENT);
        if (text == null) {
            return null; // not one of ours
        }
        RedisMessages.Received received = messages.received(text);
        String only = entry.getBody().get(RedisMessages.FOR);
        boolean wanted =
                only == null
                        ? received.envelope() == null || pattern.matches(received.type())
                        : only.equals(name);
        return wanted ? new RedisDelivery(messages, received, claim) : null;
    }

    private boolean isTaken(RedisDelivery delivery, String id) {
        String key = delivery.key();
        Answer answer = backlog.holds(key) ? Answer.KEY_FULL : dispatcher.offer(delivery);
        return switch (answer) {
            case TAKEN -> true;
            case FULL -> false;
            case KEY_FULL -> {
                boolean noted = !backlog.isFull();
                if (noted) {
                    backlog.add(key, id);
                }
                yield noted;
            }
        };
    }

    /** Reads again what waits of a key that is free, as far as there is room. */
    final void bringBack() {
        for (String key : backlog.keys()) {
            if (dispatcher.hasRoomFor(key)) {
                backlog.letOthersFirst(key);
                bringBack(key);
                return;
            }
        }
    }

    private void bringBack(String key) {
        RedisAsyncCommands<String, String> redis = link.shared().async();
        List<String> ids = backlog.first(key, CHUNK);
        List<RedisFuture<List<StreamMessage<String, String>>>> asked =
                ids.stream().map(id -> redis.xrange(stream, Range.create(id, id))).toList();
        for (int i = 0; i < ids.size(); i++) {
            String id = ids.get(i);
            RedisDelivery.Claim claim = claimOf(id);
            RedisDelivery delivery =
                    LettuceFutures.awaitOrCancel(
                                    asked.get(i), READ_WITHIN.toNanos(), TimeUnit.NANOSECONDS)
                            .stream()
                            .findFirst()
                            .map(entry -> wanted(entry, claim))
                            .orElse(null);
            if (delivery == null) {
                ofGone.about(new IllegalStateException("it was at " + id));
                claim.settled();
            } else if (dispatcher.offer(delivery) != Answer.TAKEN) {
                return; // to be read again
            }
            backlog.removeFirst(key);
        }
    }
}
