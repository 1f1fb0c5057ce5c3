package dev.jubilee.server.bus.delivery.dispatch;

import dev.jubilee.server.bus.delivery.attempts.Recorder;
import dev.jubilee.server.bus.delivery.dispatch.ParkedKeys.Parked;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.pending.Plan;
import dev.jubilee.server.bus.delivery.routing.Outlets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * Makes room where memory is short: the deliveries of keys that wait for a retry go back to
 * PostgreSQL, and are loaded again when the first of the key is over. For the dispatcher's thread.
 */
final class Parking {
    /** A retry that is due so soon stays: its row would hardly be written by then. */
    private static final Duration NEAR = Duration.ofMillis(200);

    private final Recorder recorder;
    private final Outlets outlets;
    private final Consumer<Runnable> tell;
    private final Consumer<UUID> changed;

    /**
     * @param tell has the dispatcher's thread do something, after all that it was told before
     * @param changed is told of an outlet that is to be looked at
     */
    Parking(Recorder recorder, Outlets outlets, Consumer<Runnable> tell, Consumer<UUID> changed) {
        this.recorder = recorder;
        this.outlets = outlets;
        this.tell = tell;
        this.changed = changed;
    }

    /** Parks keys if there is little room, and lets keys go whose first delivery is over. */
    void look(Outlet outlet, Instant now) {
        // What is being loaded has its places, and may not need them all.
        if (!outlet.loading && outlet.window.isCrowded()) {
            putBack(outlet, outlet.park(now.plus(NEAR)));
        }
        if (outlet.parked.hasEnded()) {
            List<Parked> ended = outlet.parked.ended(outlets.batchesEnded());
            if (!ended.isEmpty()) {
                // After what was handed over by then: it comes before what waits.
                tell.accept(() -> letGo(outlet, ended));
            }
        }
    }

    /** Puts back a delivery that was on its way when its key was parked. */
    void late(Outlet outlet, Delivery one) {
        outlet.window.release(one);
        putBack(outlet, List.of(one));
    }

    private void letGo(Outlet outlet, List<Parked> ended) {
        outlet.parked.letGo(ended);
        // What waits of these keys comes before what was found while they were parked.
        outlet.plan = Plan.NONE;
        outlet.loadAt = null;
        changed.accept(outlet.subscription().id());
    }

    private void putBack(Outlet outlet, List<Delivery> deliveries) {
        if (deliveries.isEmpty()) {
            return;
        }
        // Asked after the keys were parked: what is placed later knows of it.
        long batch = outlets.lastBatch();
        Set<Long> loaded = outlet.window.loaded();
        List<Long> ids = new ArrayList<>();
        Map<Long, Parked> parked = new HashMap<>();
        for (Delivery one : deliveries) {
            parked.put(one.id(), outlet.parked.puttingBack(one, batch));
            if (!loaded.contains(one.id())) {
                ids.add(one.id());
            }
        }
        recorder.record(
                new Recorder.Entry.PutBack(
                        outlet.subscription().id(),
                        ids,
                        () -> tell.accept(() -> written(outlet, parked))));
    }

    void written(Outlet outlet, Map<Long, Parked> parked) {
        parked.forEach((delivery, one) -> {
            outlet.window.written(delivery);
            outlet.parked.written(one, delivery);
        });
        outlet.loadForParked();
        changed.accept(outlet.subscription().id());
    }
}
