package dev.jubilee.server.bus.delivery.dispatch;

import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.pending.Loads;
import dev.jubilee.server.bus.delivery.pending.Plan;
import dev.jubilee.server.bus.delivery.windows.Window;
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
final class Loading {
    private static final Logger log = LoggerFactory.getLogger(Loading.class);
    private static final int PAGE = Window.SIZE / 2;
    private static final Duration PAUSE = Duration.ofMillis(500);

    private final Loads loads;
    private final InstantSource clock;
    private final Consumer<Runnable> tell;
    private final Consumer<UUID> changed;

    /**
     * @param tell has the dispatcher's thread do something
     * @param changed is told of an outlet that is to be looked at
     */
    Loading(Loads loads, InstantSource clock, Consumer<Runnable> tell, Consumer<UUID> changed) {
        this.loads = loads;
        this.clock = clock;
        this.tell = tell;
        this.changed = changed;
    }

    /** Begins to load, if there is something, and room for it. */
    void loadIfDue(Outlet outlet, Instant now) {
        Window window = outlet.window;
        boolean early = outlet.loadAt != null && now.isBefore(outlet.loadAt);
        if (outlet.loading || early || !outlet.subscription().isActive()) {
            return;
        }
        boolean behind = window.isBehind();
        if (!behind && !outlet.parked.isDue(now)) {
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
        outlet.loading = true;
        outlet.loadAt = null;
        long mark = window.mark();
        Loads.Wanted wanted = wanted(outlet, now, places, behind);
        window.release(places - wanted.places());
        Subscription asked = outlet.subscription();
        var _ =
                loads.load(asked, wanted)
                        .whenComplete((loaded, failure) ->
                                tell.accept(() -> {
                                    outlet.loading = false;
                                    changed.accept(outlet.subscription().id());
                                    if (loaded == null) {
                                        failed(outlet, wanted, failure);
                                    } else {
                                        loaded(outlet, wanted, mark, loaded);
                                    }
                                    if (outlet.leadsElsewhereThan(asked)) {
                                        // It was read as it was due at the endpoint of before.
                                        outlet.hurry(clock.instant());
                                    }
                                }));
    }

    /**
     * Shares the places between parked keys and the backlog: neither keeps the other from coming.
     */
    private static Loads.Wanted wanted(Outlet outlet, Instant now, int places, boolean behind) {
        ParkedKeys parked = outlet.parked;
        List<Long> first = parked.due(now, behind ? (places + 1) / 2 : places);
        List<Long> except = new ArrayList<>(outlet.window.loaded());
        except.addAll(parked.keyless());
        return new Loads.Wanted(
                first,
                behind ? places - first.size() : 0,
                outlet.window.reserveBytes(),
                except,
                List.copyOf(parked.keys()),
                behind ? outlet.plan : Plan.NONE);
    }

    private void loaded(Outlet outlet, Loads.Wanted wanted, long mark, Loads.Loaded loaded) {
        Instant now = clock.instant();
        List<Delivery> kept = new ArrayList<>();
        Set<Long> missing = new HashSet<>(wanted.first());
        for (Delivery one : loaded.first()) {
            missing.remove(one.id());
            kept.add(one);
            outlet.offerFirst(one, now);
        }
        if (loaded.cut()) {
            outlet.parked.notBrought(missing);
        } else {
            missing.forEach(outlet.parked::gone);
        }
        // What was found before a key was let go is not to go past that key's own.
        boolean stands = wanted.plan().isEmpty() || wanted.plan() == outlet.plan;
        for (Delivery one : stands ? loaded.others() : List.<Delivery>of()) {
            // It may have been parked since.
            if (!outlet.parked.isHeld(one) && outlet.offer(one, now)) {
                kept.add(one);
            }
        }
        outlet.window.loaded(kept, wanted.places(), wanted.bytes());
        if (wanted.limit() > 0) {
            outlet.plan = stands ? loaded.rest() : Plan.NONE;
        }
        if (loaded.next() == null) {
            outlet.window.caughtUp(mark);
        } else if (loaded.next().isAfter(now)) {
            outlet.loadAt = loaded.next();
            outlet.loadForParked();
        }
    }

    private void failed(Outlet outlet, Loads.Wanted wanted, @Nullable Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        if (cause instanceof DatabaseException) {
            log.warn("what waits cannot be loaded yet: {}", cause.getMessage());
        } else {
            log.error(
                    "loading what waits for subscription {} failed, and is tried again",
                    outlet.subscription().id(),
                    cause);
        }
        outlet.parked.notBrought(wanted.first());
        outlet.window.loaded(List.of(), wanted.places(), wanted.bytes());
        outlet.loadAt = clock.instant().plus(PAUSE);
    }
}
