package dev.jubilee.server.bus.delivery.pending;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.json.CloudEventsJson;
import dev.jubilee.server.bus.store.BinaryCopy;
import dev.jubilee.server.bus.subscriptions.ArrivalNotices;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.subscriptions.Subscriptions;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Problem;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Adds to what subscriptions are owed, beside routing: the events of a replay, for instance.
 * Thread-safe.
 */
public final class DeliveryEnqueuer {
    private static final int MOST_OWED = 5_000;

    private final Database database;
    private final Subscriptions subscriptions;
    private final InstantSource clock;
    private final CloudEventsJson json;

    public DeliveryEnqueuer(Database database, Subscriptions subscriptions, InstantSource clock) {
        this.database = database;
        this.subscriptions = subscriptions;
        this.clock = clock;
        this.json = new CloudEventsJson(clock);
    }

    /**
     * An event that a subscription is owed.
     *
     * @param topic where it was published
     */
    public record Owed(String topic, Envelope event) {}

    /**
     * Checks that the platform delivers to this subscription.
     *
     * @throws dev.jubilee.server.http.ProblemException 404 when there is none, 409 when it reads
     *     Kafka itself
     */
    public void mustTake(String id) {
        Subscription it = subscriptions.get(id);
        if (!it.isDelivered()) {
            throw Problem.conflict(
                            "subscription_not_delivered",
                            "The consumer of this subscription reads Kafka itself.")
                    .asException();
        }
    }

    /** Whether the subscription exists. */
    public boolean isThere(UUID subscription) {
        return database.read(c -> subscriptions.hold(c, subscription));
    }

    /** Whether 5,000 deliveries are owed already: more would only take room. */
    public boolean isBacklogged(UUID subscription) {
        return database.read(c -> PendingStore.isBacklogged(c, subscription, MOST_OWED));
    }

    /**
     * Adds these events to what the subscription is owed, in this order and after what it is owed
     * already, whether or not it selects them. Does nothing if the subscription was deleted. Part
     * of the caller's transaction.
     */
    public void owe(Connection connection, UUID subscription, List<Owed> events)
            throws SQLException {
        if (!subscriptions.hold(connection, subscription)) {
            // Deleted: nobody would ever take them.
            return;
        }
        Instant now = clock.instant();
        List<Delivery> owed = new ArrayList<>(events.size());
        for (Owed one : events) {
            owed.add(
                    Delivery.of(
                            subscription, one.topic(), one.event(), json.write(one.event()), now));
        }
        PendingStore.owe(connection, owed, new BinaryCopy());
        ArrivalNotices.announce(connection, subscription);
    }
}
