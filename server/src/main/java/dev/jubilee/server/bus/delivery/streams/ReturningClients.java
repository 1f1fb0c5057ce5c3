package dev.jubilee.server.bus.delivery.streams;

import dev.jubilee.server.bus.delivery.attempts.DeliveryMetrics;
import dev.jubilee.server.bus.subscriptions.DeliveryMethod;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.DailyPartitions;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.DatabaseException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Clients that come back to a subscription that is not acknowledged, and name the last event that
 * they have. That proves this event, and what the same stream had sent before it: nothing of other
 * streams, and nothing by the order of ids. What it does not prove is sent again. Thread-safe.
 */
public final class ReturningClients {
    /**
     * The subject of the change feed: a client has left the stream that another instance serves.
     */
    public static final String SUBJECT = "stream-returns";

    private static final Logger log = LoggerFactory.getLogger(ReturningClients.class);

    private final Database database;
    private final InstantSource clock;
    private final DailyPartitions partitions;
    private final DeliveryMetrics metrics;
    private final OpenStreams streams;

    public ReturningClients(
            Database database,
            InstantSource clock,
            DailyPartitions partitions,
            DeliveryMetrics metrics,
            OpenStreams streams) {
        this.database = database;
        this.clock = clock;
        this.partitions = partitions;
        this.metrics = metrics;
        this.streams = streams;
    }

    /** Confirms what the client has, wherever its stream was. Blocks. */
    void returned(UUID subscription, StreamEventId last) {
        Unconfirmed open = open(subscription, last);
        if (open != null) {
            returned(subscription, last, open);
        } else {
            confirm(subscription, last, List.of(), true);
        }
    }

    /**
     * A client came back at another instance; its stream may be open here. Does not block.
     *
     * @param news a subscription and an event
     */
    public void heard(String news) {
        String[] parts = news.split(" ", 2);
        StreamEventId last = parts.length < 2 ? null : StreamEventId.parse(parts[1]);
        if (last == null) {
            return;
        }
        UUID subscription = UUID.fromString(parts[0]);
        Unconfirmed open = open(subscription, last);
        if (open != null) {
            Thread.ofVirtual()
                    .name("delivery-returned")
                    .start(() -> {
                        try {
                            returned(subscription, last, open);
                        } catch (DatabaseException e) {
                            log.warn(
                                    "a stream that a client left is sent again: {}",
                                    e.getMessage());
                        }
                    });
        }
    }

    private @Nullable Unconfirmed open(UUID subscription, StreamEventId last) {
        Long stream = last.stream();
        return stream == null ? null : streams.open(subscription, stream);
    }

    /**
     * The stream may give everything back meanwhile. Whoever is second finds what the first has
     * written: what is known here is confirmed whether or not it was given back.
     */
    private void returned(UUID subscription, StreamEventId last, Unconfirmed open) {
        try {
            confirm(subscription, last, open.returned(last.delivery()), false);
        } finally {
            open.end();
        }
    }

    private void confirm(
            UUID subscription, StreamEventId last, List<Long> arrived, boolean announced) {
        Instant now = clock.instant();
        partitions.ensure(now);
        int acked =
                database.transaction(connection -> {
                    int confirmed =
                            StreamStore.ackUpTo(connection, subscription, last, arrived, now);
                    if (announced && last.stream() != null) {
                        ChangeFeed.announce(connection, SUBJECT, subscription + " " + last.text());
                    }
                    return confirmed;
                });
        metrics.attempted(DeliveryMethod.SSE, "success", acked);
    }
}
