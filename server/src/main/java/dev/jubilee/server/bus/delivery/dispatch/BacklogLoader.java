package dev.jubilee.server.bus.delivery.dispatch;

import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.pending.DeliveryLoader;
import dev.jubilee.server.bus.delivery.pending.LoadPlan;
import dev.jubilee.server.bus.delivery.windows.DeliveryWindow;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.database.DatabaseException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads waiting deliveries from PostgreSQL, as far as there is room: the first of each parked key
 * when it is due, and those that are not parked in order. For the dispatcher's thread.
 */
final class BacklogLoader {
    private static final Logger log = LoggerFactory.getLogger(BacklogLoader.class);
    private static final int PAGE = DeliveryWindow.SIZE / 2;
    private static final Duration PAUSE = Duration.ofMillis(500);

    private final DeliveryLoader backlog;
    private final InstantSource clock;
    private final Consumer<Runnable> tell;
    private final Consumer<UUID> changed;

    /**
     * @param tell has the dispatcher's thread do something
     * @param changed is told of a queue that is to be looked at
     */
    BacklogLoader(
            DeliveryLoader backlog,
            InstantSource clock,
            Consumer<Runnable> tell,
            Consumer<UUID> changed) {
        this.backlog = backlog;
        this.clock = clock;
        this.tell = tell;
        this.changed = changed;
    }

    /** Begins to load, if there is something, and room for it. */
    void loadIfDue(SubscriberQueue queue, Instant now) {
        DeliveryWindow window = queue.window;
        boolean early = queue.loadAt != null && now.isBefore(queue.loadAt);
        if (queue.loading || early || !queue.subscription().isActive()) {
            return;
        }
        boolean behind = window.isBehind();
        if (!behind && !queue.parked.isDue(now)) {
            return;
        }
        if (window.isCrowded()) {
            // A few at a time would be a query each; what is there must end before.
            return;
        }
        int places = window.reserveUpTo(PAGE);
        if (places == 0) {
            return;
        }
        queue.loading = true;
        queue.loadAt = null;
        long mark = window.mark();
        DeliveryLoader.Wanted wanted = wanted(queue, now, places, behind);
        window.release(places - wanted.places());
        Subscription asked = queue.subscription();
        var _ =
                backlog.load(asked, wanted)
                        .whenComplete((loaded, failure) ->
                                tell.accept(() -> {
                                    queue.loading = false;
                                    changed.accept(queue.subscription().id());
                                    if (loaded == null) {
                                        failed(queue, wanted, failure);
                                    } else {
                                        loaded(queue, wanted, mark, loaded);
                                    }
                                    if (queue.leadsElsewhereThan(asked)) {
                                        // It was read as it was due at the endpoint of before.
                                        queue.hurry(clock.instant());
                                    }
                                }));
    }

    /**
     * Shares the places between parked keys and the backlog: neither keeps the other from coming.
     */
    private static DeliveryLoader.Wanted wanted(
            SubscriberQueue queue, Instant now, int places, boolean behind) {
        ParkedKeys parked = queue.parked;
        List<Long> first = parked.due(now, behind ? (places + 1) / 2 : places);
        List<Long> except = new ArrayList<>(queue.window.loaded());
        except.addAll(parked.keyless());
        return new DeliveryLoader.Wanted(
                first,
                behind ? places - first.size() : 0,
                queue.window.reserveBytes(),
                except,
                List.copyOf(parked.keys()),
                behind ? queue.plan : LoadPlan.NONE);
    }

    private void loaded(
            SubscriberQueue queue,
            DeliveryLoader.Wanted wanted,
            long mark,
            DeliveryLoader.Loaded loaded) {
        Instant now = clock.instant();
        List<Delivery> kept = new ArrayList<>();
        Set<Long> missing = new HashSet<>(wanted.first());
        for (Delivery one : loaded.first()) {
            missing.remove(one.id());
            kept.add(one);
            queue.offerFirst(one, now);
        }
        if (loaded.cut()) {
            queue.parked.notBrought(missing);
        } else {
            missing.forEach(queue.parked::gone);
        }
        // What was found before a key was let go is not to go past that key's own.
        boolean stands = wanted.plan().isEmpty() || wanted.plan() == queue.plan;
        for (Delivery one : stands ? loaded.others() : List.<Delivery>of()) {
            // It may have been parked since.
            if (!queue.parked.isHeld(one) && queue.offer(one, now)) {
                kept.add(one);
            }
        }
        queue.window.loaded(kept, wanted.places(), wanted.bytes());
        if (wanted.limit() > 0) {
            queue.plan = stands ? loaded.rest() : LoadPlan.NONE;
        }
        if (loaded.next() == null) {
            queue.window.caughtUp(mark);
        } else if (loaded.next().isAfter(now)) {
            queue.loadAt = loaded.next();
            queue.loadForParked();
        }
    }

    private void failed(
            SubscriberQueue queue, DeliveryLoader.Wanted wanted, @Nullable Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        if (cause instanceof DatabaseException) {
            log.warn("what waits cannot be loaded yet: {}", cause.getMessage());
        } else {
            log.error(
                    "loading what waits for subscription {} failed, and is tried again",
                    queue.subscription().id(),
                    cause);
        }
        queue.parked.notBrought(wanted.first());
        queue.window.loaded(List.of(), wanted.places(), wanted.bytes());
        queue.loadAt = clock.instant().plus(PAUSE);
    }
}
