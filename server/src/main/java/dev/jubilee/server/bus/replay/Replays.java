package dev.jubilee.server.bus.replay;

import dev.jubilee.events.Envelope;
import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.bus.publish.Publisher;
import dev.jubilee.server.bus.search.EventViews;
import dev.jubilee.server.bus.topics.Topic;
import dev.jubilee.server.bus.topics.TopicCatalogue;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.DatabaseException;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.idempotency.Idempotency;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Replays, run by whichever instance takes them: one that ends or dies loses its lease, and another
 * goes on where it stood. Start it after what it stands on. Thread-safe.
 */
public final class Replays implements Routes, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Replays.class);
    private static final int AT_ONCE = 2;
    private static final long LOOK_AGAIN_SECONDS = 5;
    private static final long CLOSING_SECONDS = 10;

    /**
     * The parts of the platform that replays use.
     *
     * @param kafka how clients reach Kafka
     * @param admin stays the caller's to close
     * @param stored whether the event store has passed what is in Kafka now; waits for it a little
     */
    public record Platform(
            Map<String, Object> kafka,
            Admin admin,
            Database database,
            ChangeFeed changes,
            Idempotency idempotency,
            Audit audit,
            InstantSource clock,
            TopicCatalogue topics,
            Publisher publisher,
            Subscribers subscribers,
            EventViews views,
            Supplier<CompletableFuture<Boolean>> stored) {}

    /**
     * One event of a replay, marked with its id.
     *
     * @param topic where it was published
     */
    public record Replayed(String topic, Envelope event) {}

    /** The subscriptions that events may be replayed to. Thread-safe. */
    public interface Subscribers {
        /**
         * The platform must deliver to this one.
         *
         * @throws dev.jubilee.server.http.ProblemException 404 when there is none, 409 when it
         *     reads Kafka itself
         */
        void mustTake(String id);

        /** Whether it is there still. */
        boolean isThere(UUID id);

        /** Whether so much is owed to it already that more should wait. */
        boolean isBacklogged(UUID id);

        /** Owes it these events, in this order. Part of the caller's transaction. */
        void owe(Connection connection, UUID id, List<Replayed> events) throws SQLException;
    }

    private final Platform platform;
    private final ReplayStore store;
    private final Semaphore wanted = new Semaphore(0);
    private final Semaphore free = new Semaphore(AT_ONCE);
    private final ReplayFailures failures = new ReplayFailures();
    private final Set<Thread> running = ConcurrentHashMap.newKeySet();
    private final Thread thread;
    private volatile boolean closed;

    public Replays(Platform platform) {
        this.platform = platform;
        this.store = new ReplayStore(platform.database());
        this.thread = Thread.ofPlatform().name("replays").daemon().unstarted(this::look);
        platform.changes().on(ReplayStore.SUBJECT, id -> wanted.release());
    }

    /** Begins to run what is to be run. */
    public void start() {
        thread.start();
    }

    @Override
    public void on(Router router) {
        new ReplayRoutes(platform, store).on(router);
    }

    /** Ends after the pieces under way; what is not done goes on elsewhere, or after a restart. */
    @Override
    public void close() {
        closed = true;
        wanted.release();
        for (Thread run : running) {
            try {
                run.join(TimeUnit.SECONDS.toMillis(CLOSING_SECONDS));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void look() {
        while (!closed) {
            try {
                boolean _ = wanted.tryAcquire(LOOK_AGAIN_SECONDS, TimeUnit.SECONDS);
                wanted.drainPermits();
                while (!closed && free.tryAcquire()) {
                    if (!takeOne()) {
                        free.release();
                        break;
                    }
                }
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                free.release();
                log.warn("replays wait, PostgreSQL does not answer: {}", e.getMessage());
            }
        }
    }

    private boolean takeOne() {
        UUID lease = UUID.randomUUID();
        Optional<Replay> claimed = store.claim(lease, platform.clock().instant());
        claimed.ifPresent(replay -> {
            Thread run =
                    Thread.ofVirtual()
                            .name("replay-" + replay.replayId())
                            .unstarted(() -> run(replay, lease));
            running.add(run);
            run.start();
        });
        return claimed.isPresent();
    }

    private void run(Replay replay, UUID lease) {
        try {
            new ReplayRun(
                            new ReplayRun.Held(replay, lease),
                            platform.database(),
                            atOnce -> sourceOf(replay, atOnce),
                            targetOf(replay),
                            platform.clock(),
                            () -> closed)
                    .run();
            store.release(replay.replayId(), lease);
            failures.forget(replay.replayId());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            stoppedBy(e, replay, lease);
        } finally {
            running.remove(Thread.currentThread());
            free.release();
            wanted.release();
        }
    }

    private void stoppedBy(RuntimeException failure, Replay replay, UUID lease) {
        if (closed || !failures.isHopeless(replay, failure)) {
            // Whoever takes it after the lease goes on where it stood.
            log.warn("replay {} stands still for now", replay.replayId(), failure);
            return;
        }
        log.error("a defect ends replay {}", replay.replayId(), failure);
        try {
            store.finish(
                    replay.replayId(),
                    lease,
                    Replay.Status.FAILED,
                    "a defect of this platform: " + failure,
                    platform.clock().instant());
            failures.forget(replay.replayId());
        } catch (DatabaseException e) {
            log.warn("replay {} goes on for now: {}", replay.replayId(), e.getMessage());
        }
    }

    private ReplaySource sourceOf(Replay replay, int atOnce) {
        return switch (replay.source()) {
            case KAFKA -> new KafkaSource(replay, platform.kafka(), platform.database(), atOnce);
            case STORE -> new StoreSource(replay, new StoredRange(platform.database(), replay));
        };
    }

    private @Nullable ReplayTarget targetOf(Replay replay) {
        String target = replay.target();
        return switch (replay.kind()) {
            case NONE, FILE -> null;
            case TOPIC -> new ToTopic(String.valueOf(target));
            case SUBSCRIPTION -> new ToSubscription(UUID.fromString(String.valueOf(target)));
        };
    }

    private final class ToTopic implements ReplayTarget.Forwarding {
        private final String name;

        ToTopic(String name) {
            this.name = name;
        }

        @Override
        public CompletableFuture<?> send(List<Replayed> events) {
            return platform.publisher()
                    .forward(name, events.stream().map(Replayed::event).toList());
        }

        @Override
        public ReplayTarget.Room room() {
            Topic topic = platform.topics().find(name);
            if (topic == null) {
                return ReplayTarget.Room.GONE;
            }
            return topic.isActive() ? ReplayTarget.Room.FREE : ReplayTarget.Room.FULL;
        }
    }

    private final class ToSubscription implements ReplayTarget.Transactional {
        private final UUID id;

        ToSubscription(UUID id) {
            this.id = id;
        }

        @Override
        public void owe(Connection connection, List<Replayed> events) throws SQLException {
            platform.subscribers().owe(connection, id, events);
        }

        @Override
        public ReplayTarget.Room room() {
            if (!platform.subscribers().isThere(id)) {
                return ReplayTarget.Room.GONE;
            }
            return platform.subscribers().isBacklogged(id)
                    ? ReplayTarget.Room.FULL
                    : ReplayTarget.Room.FREE;
        }
    }
}
