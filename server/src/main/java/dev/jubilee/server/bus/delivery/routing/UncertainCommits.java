package dev.jubilee.server.bus.delivery.routing;

import dev.jubilee.events.kafka.RetryableException;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.pending.PendingStore;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.DatabaseException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Deliveries of routing transactions whose commit outcome is unknown. If committed, no instance
 * holds them and none was notified. Thread-safe.
 */
final class UncertainCommits {
    private final Database database;
    private final DeliveryPlacer placer;
    private final List<Delivery> taken = new ArrayList<>();
    private final Set<UUID> concerned = new LinkedHashSet<>();
    private @Nullable UUID instance;

    UncertainCommits(Database database, DeliveryPlacer placer) {
        this.database = database;
        this.placer = placer;
    }

    /**
     * Remembers the deliveries of a transaction. They must be settled before anything more is
     * routed.
     *
     * @param writer the id under which the instance wrote them
     */
    synchronized void add(UUID writer, List<Placement> rows) {
        instance = writer;
        for (Placement row : rows) {
            // What was for a stream comes again when its lease ends.
            if (row.inbox() == null) {
                concerned.add(row.delivery().subscriptionId());
                if (row.taken()) {
                    taken.add(row.delivery());
                }
            }
        }
    }

    /**
     * Makes the deliveries that were committed wait in PostgreSQL, and announces them.
     *
     * @throws RetryableException while PostgreSQL does not answer
     */
    synchronized void settle() {
        UUID writer = instance;
        if (writer == null || concerned.isEmpty()) {
            return;
        }
        try {
            // By then it is committed, or never will be: until then there may be nothing to see.
            database.transaction(connection -> PendingStore.awaitRouting(connection, writer));
            if (!taken.isEmpty()) {
                database.transaction(connection -> {
                    PendingStore.leave(connection, taken);
                    return taken;
                });
            }
        } catch (DatabaseException e) {
            throw new RetryableException(String.valueOf(e.getMessage()), e);
        }
        concerned.forEach(placer::arrived);
        concerned.clear();
        taken.clear();
    }
}
