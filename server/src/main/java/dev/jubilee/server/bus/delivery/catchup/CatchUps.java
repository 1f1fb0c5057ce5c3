package dev.jubilee.server.bus.delivery.catchup;

import dev.jubilee.server.bus.delivery.shards.Ownership;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.subscriptions.SubscriptionDirectory;
import dev.jubilee.server.database.DatabaseException;
import dev.jubilee.server.scheduling.PeriodicTask;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Function;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings subscriptions that start in the past, or were rewound, the events that Kafka still has,
 * until they are level with routing. The instance that delivers to a subscription does it. For one
 * thread of its own.
 */
public final class CatchUps implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(CatchUps.class);
    private static final Duration TURN = Duration.ofSeconds(5);
    private static final Duration LOOK = Duration.ofMillis(500);

    private final SubscriptionDirectory directory;
    private final Ownership ownership;
    private final Function<Subscription, CatchUp> make;
    private final ScheduledExecutorService worker =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("delivery-catch-up").daemon().factory());

    /** The catch-up of one subscription. */
    public interface CatchUp {
        /**
         * Works until the subscription is level, has a long backlog, or the time is over; returns
         * when the positions are committed.
         */
        void run(Duration longest);
    }

    public CatchUps(
            SubscriptionDirectory directory,
            Ownership ownership,
            Function<Subscription, CatchUp> make) {
        this.directory = directory;
        this.ownership = ownership;
        this.make = make;
    }

    /** Looks twice a second for the whole instance, in memory, whether anybody is behind. */
    public void start() {
        PeriodicTask.named("catch-up scan", this::work).repeat(worker, LOOK, LOOK);
    }

    @Override
    public void close() {
        PeriodicTask.end(worker, "catch-up scan");
    }

    private void work() {
        for (Subscription one : behind()) {
            if (Thread.currentThread().isInterrupted()) {
                return;
            }
            workQuietly(one);
        }
    }

    /** Runs one catch-up; its failure does not cost the others their turns. */
    private void workQuietly(Subscription one) {
        try {
            make.apply(one).run(TURN);
        } catch (DatabaseException | KafkaException e) {
            log.warn("subscription {} cannot catch up yet: {}", one.id(), e.getMessage());
        } catch (RuntimeException | LinkageError | StackOverflowError e) {
            log.error("catching up of subscription {} failed, and is tried again", one.id(), e);
        }
    }

    private List<Subscription> behind() {
        return directory.index().all().stream()
                .filter(one -> ownership.owns(one.id()))
                .filter(CatchUps::isBehind)
                .toList();
    }

    private static boolean isBehind(Subscription one) {
        for (Map.Entry<UUID, List<Long>> topic : one.startsAt().entrySet()) {
            if (topic.getValue().contains(Subscription.CATCHING_UP)) {
                return true;
            }
        }
        return false;
    }
}
