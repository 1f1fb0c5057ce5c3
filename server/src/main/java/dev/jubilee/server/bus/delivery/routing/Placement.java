package dev.jubilee.server.bus.delivery.routing;

import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.pending.PendingStore;
import dev.jubilee.server.bus.delivery.streams.StreamInbox;
import dev.jubilee.server.bus.delivery.windows.DeliveryWindow;
import org.jspecify.annotations.Nullable;

/**
 * A delivery, and where it goes.
 *
 * @param window in which it has a place in memory; null if it is not pushed from here, or waits
 * @param inbox in which it has one, if streams take it
 * @param parked whether it waits because its key is parked, which keeps no other key waiting
 */
public record Placement(
        Delivery delivery,
        @Nullable DeliveryWindow window,
        @Nullable StreamInbox inbox,
        boolean parked)
        implements PendingStore.Row {
    /** In memory, to be pushed. */
    public static Placement pushed(Delivery delivery, DeliveryWindow window) {
        return new Placement(delivery, window, null, false);
    }

    /** Handed to streams. */
    static Placement streamed(Delivery delivery, StreamInbox inbox) {
        return new Placement(delivery, null, inbox, false);
    }

    static Placement waiting(Delivery delivery) {
        return new Placement(delivery, null, null, false);
    }

    static Placement parked(Delivery delivery) {
        return new Placement(delivery, null, null, true);
    }

    @Override
    public boolean taken() {
        return window != null || inbox != null;
    }
}
