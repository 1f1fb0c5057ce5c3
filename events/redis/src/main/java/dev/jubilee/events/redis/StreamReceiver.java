package dev.jubilee.events.redis;

import dev.jubilee.events.TopicPattern;
import dev.jubilee.events.core.Complaints;
import dev.jubilee.events.core.Dispatcher;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Feeds one subscription from the stream, in a thread and on a connection of its own. When the
 * connection is lost it makes another and goes on. While the workers are full it reads no more.
 */
abstract class StreamReceiver implements Runnable {
    /** How many entries are asked for at once. */
    static final int PAGE = 200;

    /** How long the server waits for an entry before it answers that there is none. */
    static final Duration BLOCK = Duration.ofSeconds(1);

    private static final Logger LOG = LoggerFactory.getLogger(StreamReceiver.class);
    private static final Duration PAUSE = Duration.ofMillis(200);
    private static final Duration FULL_PAUSE = Duration.ofMillis(1);

    private final String name;
    private final TopicPattern pattern;
    private final RedisLink link;
    private final RedisMessages messages;
    private final Dispatcher dispatcher;
    private final Thread thread;
    private final Complaints complaints;
    private volatile boolean ending;
    private volatile @Nullable StatefulRedisConnection<String, String> connection;

    StreamReceiver(
            String name,
            TopicPattern pattern,
            RedisLink link,
            RedisMessages messages,
            Dispatcher dispatcher) {
        this.name = name;
        this.pattern = pattern;
        this.link = link;
        this.messages = messages;
        this.dispatcher = dispatcher;
        this.complaints = new Complaints(LOG, name + " cannot read at present");
        this.thread = Thread.ofVirtual().name("redis-" + name).unstarted(this);
    }

    /** Reads until it ends or the connection is lost. */
    abstract void read(RedisCommands<String, String> redis);

    /** Whether what was read may be handled here; asked again and again while there is no room. */
    abstract boolean mayHandle(RedisCommands<String, String> redis);

    /** Everything that was begun is handled: says so to the server. */
    abstract void finish();

    /** Whether it feeds the subscription of this name. */
    final boolean is(String subscription) {
        return name.equals(subscription);
    }

    final String name() {
        return name;
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
        signalEnd();
        if (drain) {
            dispatcher.close();
        } else {
            dispatcher.stop();
        }
        boolean interrupted = false;
        while (thread.isAlive() && !dispatcher.owns(Thread.currentThread())) {
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
            RedisCommands<String, String> redis,
            StreamMessage<String, String> entry,
            RedisDelivery.Claim claim) {
        String text = entry.getBody() == null ? null : entry.getBody().get(RedisMessages.EVENT);
        if (text == null) {
            claim.settled(); // not one of ours
            return true;
        }
        RedisMessages.Received received = messages.received(text);
        String only = entry.getBody().get(RedisMessages.FOR);
        boolean wanted =
                only == null
                        ? received.envelope() == null || pattern.matches(received.type())
                        : only.equals(name);
        if (!wanted) {
            claim.settled();
            return true;
        }
        RedisDelivery delivery = new RedisDelivery(messages, received, claim);
        while (!dispatcher.offer(delivery)) {
            if (ending || !mayHandle(redis)) {
                claim.returned();
                return false;
            }
            LockSupport.parkNanos(FULL_PAUSE.toNanos());
        }
        return true;
    }
}
