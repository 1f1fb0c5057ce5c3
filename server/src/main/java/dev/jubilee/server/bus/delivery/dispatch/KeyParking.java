package dev.jubilee.server.bus.delivery.dispatch;

import dev.jubilee.server.bus.delivery.attempts.Recorder;
import dev.jubilee.server.bus.delivery.dispatch.ParkedKeys.Parked;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.pending.LoadPlan;
import dev.jubilee.server.bus.delivery.routing.DeliveryPlacer;
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
final class KeyParking {
    /** A retry that is due so soon stays: its row would hardly be written by then. */
    private static final Duration NEAR = Duration.ofMillis(200);

    private final Recorder recorder;
    private final DeliveryPlacer placer;
    private final Consumer<Runnable> tell;
    private final Consumer<UUID> changed;

    /**
     * @param tell has the dispatcher's thread do something, after all that it was told before
     * @param changed is told of a queue that is to be looked at
     */
    KeyParking(
            Recorder recorder,
            DeliveryPlacer placer,
            Consumer<Runnable> tell,
            Consumer<UUID> changed) {
        this.recorder = recorder;
        this.placer = placer;
        this.tell = tell;
        this.changed = changed;
    }

    /** Parks keys if there is little room, and lets keys go whose first delivery is over. */
    void look(SubscriberQueue queue, Instant now) {
        // What is being loaded has its places, and may not need them all.
        if (!queue.loading && queue.window.isCrowded()) {
            putBack(queue, queue.park(now.plus(NEAR)));
        }
        if (queue.parked.hasEnded()) {
            List<Parked> ended = queue.parked.ended(placer.batchesEnded());
            if (!ended.isEmpty()) {
                // After what was handed over by then: it comes before what waits.
                tell.accept(() -> letGo(queue, ended));
            }
        }
    }

    /** Puts back a delivery that was on its way when its key was parked. */
    void late(SubscriberQueue queue, Delivery one) {
        queue.window.release(one);
        putBack(queue, List.of(one));
    }

    private void letGo(SubscriberQueue queue, List<Parked> ended) {
        queue.parked.letGo(ended);
        // What waits of these keys comes before what was found while they were parked.
        queue.plan = LoadPlan.NONE;
        queue.loadAt = null;
        changed.accept(queue.subscription().id());
    }

    private void putBack(SubscriberQueue queue, List<Delivery> deliveries) {
        if (deliveries.isEmpty()) {
            return;
        }
        // Asked after the keys were parked: what is placed later knows of it.
        long batch = placer.lastBatch();
        Set<Long> loaded = queue.window.loaded();
        List<Long> ids = new ArrayList<>();
        Map<Long, Parked> parked = new HashMap<>();
        for (Delivery one : deliveries) {
            parked.put(one.id(), queue.parked.puttingBack(one, batch));
            if (!loaded.contains(one.id())) {
                ids.add(one.id());
            }
        }
        recorder.record(
                new Recorder.Entry.PutBack(
                        queue.subscription().id(),
                        ids,
                        () -> tell.accept(() -> written(queue, parked))));
    }

    void written(SubscriberQueue queue, Map<Long, Parked> parked) {
        parked.forEach((delivery, one) -> {
            queue.window.written(delivery);
            queue.parked.written(one, delivery);
        });
        queue.loadForParked();
        changed.accept(queue.subscription().id());
    }
}
