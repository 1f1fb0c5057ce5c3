package dev.jubilee.events.rabbitmq;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ShutdownSignalException;
import dev.jubilee.events.Backoff;
import dev.jubilee.events.DeadLetterRoute;
import dev.jubilee.events.TopicPattern;
import dev.jubilee.events.core.Complaints;
import dev.jubilee.events.core.Dispatcher;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one subscription fed until it ends: whenever its channel, its connection or its server is
 * lost it declares and consumes again, with pauses, for as long as it takes.
 */
final class RabbitReceiver {
    private static final Logger LOG = LoggerFactory.getLogger(RabbitReceiver.class);

    /** How often it looks whether the server should send more ahead. */
    private static final Duration GLANCE = Duration.ofMillis(100);

    /** Between attempts to reach a server that is away or still starting. */
    static final Backoff PAUSE = Backoff.exponential(Duration.ofMillis(100), Duration.ofSeconds(5));

    private final Source source;
    private final RabbitConnection connection;
    private final RabbitTopology topology;
    private final RabbitMessages messages;
    private final Supplier<Dispatcher> workers;
    private final Complaints complaints;

    private final CountDownLatch ended = new CountDownLatch(1);
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable RabbitFeed feed;

    /** What it is fed from, and how much of it at a time. */
    record Source(
            String exchange,
            String queue,
            boolean durable,
            TopicPattern pattern,
            int prefetch,
            @Nullable DeadLetterRoute letters) {}

    RabbitReceiver(
            Source source,
            RabbitConnection connection,
            RabbitTopology topology,
            RabbitMessages messages,
            Supplier<Dispatcher> workers) {
        this.source = source;
        this.connection = connection;
        this.topology = topology;
        this.messages = messages;
        this.workers = workers;
        this.complaints = new Complaints(LOG, source.queue + " cannot be consumed at present");
    }

    /**
     * Returns when events come.
     *
     * @throws UncheckedIOException if the server refuses for good, or did not let us within the
     *     patience
     */
    void start(Duration patience) {
        long deadline = System.nanoTime() + patience.toNanos();
        for (int failures = 1; ; failures++) {
            try {
                keep(open(source.prefetch));
                return;
            } catch (IOException e) {
                if (Refusal.isFinal(e) || System.nanoTime() - deadline > 0) {
                    throw new UncheckedIOException("cannot consume " + source.queue, e);
                }
                LOG.debug("{} cannot be consumed yet: {}", source.queue, e.toString());
                pause(failures);
            }
        }
    }

    private void keep(RabbitFeed first) {
        Thread.ofVirtual()
                .name("rabbitmq-" + source.queue)
                .start(() -> {
                    RabbitFeed current = first;
                    while (current != null) {
                        String why = current.awaitLoss(GLANCE);
                        if (hasEnded()) {
                            current = null;
                        } else if (why != null) {
                            current = replace(current, why);
                        } else if (current.wanted() != current.ahead()) {
                            current = resize(current, current.wanted());
                        }
                    }
                });
    }

    /** A feed to which the server sends so many ahead; null when the subscription has ended. */
    private @Nullable RabbitFeed resize(RabbitFeed from, int ahead) {
        LOG.info("{} gets {} events ahead, with those that wait for retries", source.queue, ahead);
        try {
            from.makeWay();
            return open(ahead);
        } catch (Throwable e) { // as below
            if (!hasEnded()) {
                return replace(from, e.toString());
            }
            deleteOwnQueue();
            return null;
        }
    }

    /** The next feed; null when the subscription has ended. */
    private @Nullable RabbitFeed replace(RabbitFeed lost, String why) {
        LOG.warn("{} was lost, and is consumed again as soon as may be: {}", source.queue, why);
        lost.giveUp();
        for (int attempt = 1; !hasEnded(); attempt++) {
            pause(attempt);
            try {
                RabbitFeed next = open(source.prefetch);
                LOG.info("{} is consumed again", source.queue);
                return next;
            } catch (Throwable e) { // whatever it is, it must not end the subscription
                complaints.about(e);
            }
        }
        // What failed after the end may have made it once more.
        deleteOwnQueue();
        return null;
    }

    private RabbitFeed open(int ahead) throws IOException {
        Dispatcher dispatcher = null;
        Channel channel = null;
        try {
            if (source.letters != null) {
                topology.deadLetters(source.letters);
            }
            if (source.durable) {
                topology.durableQueue(source.queue, source.pattern, source.letters);
            }
            channel = connection.channel();
            channel.basicQos(ahead);
            if (!source.durable) {
                // Until its subscription ends, which deletes it, or the connection.
                channel.queueDeclare(source.queue, false, true, false, Map.of());
                channel.queueBind(
                        source.queue, source.exchange, RabbitTopology.bindingKey(source.pattern));
            }
            dispatcher = workers.get();
            RabbitFeed opened = new RabbitFeed(channel, messages, source, ahead, dispatcher);
            channel.basicConsume(source.queue, false, opened);
            take(opened);
            return opened;
        } catch (ShutdownSignalException e) {
            abandon(dispatcher, channel);
            throw new IOException(e);
        } catch (IOException | RuntimeException | Error e) {
            abandon(dispatcher, channel);
            throw e;
        }
    }

    private static void abandon(@Nullable Dispatcher dispatcher, @Nullable Channel channel) {
        if (dispatcher != null) {
            dispatcher.stop();
        }
        if (channel != null) {
            RabbitConnection.abandon(channel);
        }
    }

    /** Its end may have been asked for while it was opened. */
    private void take(RabbitFeed opened) {
        lock.lock();
        try {
            if (!hasEnded()) {
                feed = opened;
                return;
            }
        } finally {
            lock.unlock();
        }
        end(opened, false);
    }

    private void end(RabbitFeed opened, boolean drain) {
        if (!opened.end(drain)) {
            deleteOwnQueue();
        }
    }

    /** Nobody reads it any more, and it would fill as long as the connection lives. */
    private void deleteOwnQueue() {
        if (source.durable) {
            return;
        }
        try {
            connection.deleteOwn(source.queue);
        } catch (IOException | ShutdownSignalException e) {
            LOG.debug("{} is gone already: {}", source.queue, e.toString());
        }
    }

    private boolean hasEnded() {
        return ended.getCount() == 0;
    }

    private void pause(int failures) {
        Duration pause = PAUSE.after(failures, ThreadLocalRandom.current());
        try {
            ended.await(pause.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(new InterruptedIOException("interrupted"));
        }
    }

    /** Takes no more, has the workers finish as told, and gives the rest back to the server. */
    void end(boolean drain) {
        RabbitFeed last;
        lock.lock();
        try {
            ended.countDown();
            last = feed;
            feed = null;
        } finally {
            lock.unlock();
        }
        if (last != null) {
            end(last, drain);
        }
    }
}
