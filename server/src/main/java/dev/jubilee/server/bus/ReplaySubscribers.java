package dev.jubilee.server.bus;

import dev.jubilee.server.bus.delivery.DeliveryEngine;
import dev.jubilee.server.bus.delivery.pending.DeliveryEnqueuer;
import dev.jubilee.server.bus.replay.Replays;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;

/** How replays reach subscriptions. */
final class ReplaySubscribers implements Replays.Subscribers {
    private final Supplier<DeliveryEngine> delivery;

    ReplaySubscribers(Supplier<DeliveryEngine> delivery) {
        this.delivery = delivery;
    }

    private DeliveryEnqueuer enqueuer() {
        return delivery.get().enqueuer();
    }

    @Override
    public void mustTake(String id) {
        enqueuer().mustTake(id);
    }

    @Override
    public boolean isThere(UUID id) {
        return enqueuer().isThere(id);
    }

    @Override
    public boolean isBacklogged(UUID id) {
        return enqueuer().isBacklogged(id);
    }

    @Override
    public void owe(Connection connection, UUID id, List<Replays.Replayed> events)
            throws SQLException {
        enqueuer()
                .owe(
                        connection,
                        id,
                        events.stream()
                                .map(one -> new DeliveryEnqueuer.Owed(one.topic(), one.event()))
                                .toList());
    }
}
