package dev.jubilee.server.outbox;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of a row with an event that the bus will never take: the others of it are published
 * in their order, the refused ones are kept in {@code platform.outbox_refused} with the reason, and
 * the row goes. Used by the relay's thread.
 */
final class RefusedEvents {
    private static final Logger log = LoggerFactory.getLogger(RefusedEvents.class);

    private final BusPublisher bus;
    private final Duration timeout;
    private final Counter published;
    private final Counter refused;

    RefusedEvents(BusPublisher bus, Duration timeout, Counter published, MeterRegistry meters) {
        this.bus = bus;
        this.timeout = timeout;
        this.published = published;
        this.refused =
                Counter.builder("jubilee.outbox.refused")
                        .description("Events set aside because the bus will never take them")
                        .register(meters);
    }

    /** Whether this failure is for good. */
    static boolean isOne(ExecutionException failure) {
        return failure.getCause() instanceof EventRefused;
    }

    /**
     * Publishes the events of a row one by one and sets aside what is refused. The row is gone
     * then.
     *
     * @return false when the bus failed in another way: the row is to be tried again as it is
     */
    boolean sift(Connection connection, OutboxRow row) throws SQLException, InterruptedException {
        List<CompletableFuture<?>> each = new ArrayList<>(row.events().size());
        for (var event : row.events()) {
            each.add(bus.publish(row.topic(), List.of(event)));
        }
        Map<Integer, String> reasons = new LinkedHashMap<>();
        for (int i = 0; i < each.size(); i++) {
            try {
                each.get(i).get(timeout.toMillis(), TimeUnit.MILLISECONDS);
                published.increment();
            } catch (TimeoutException e) {
                return false;
            } catch (ExecutionException e) {
                if (!isOne(e)) {
                    return false;
                }
                reasons.put(i, reason(e.getCause()));
            }
        }
        setAside(connection, row, reasons);
        refused.increment(reasons.size());
        log.error(
                "set aside {} of {} events for {} that the bus will never take: {}",
                reasons.size(),
                each.size(),
                row.topic(),
                reasons.values());
        return true;
    }

    private static String reason(@Nullable Throwable refusal) {
        String reason = refusal == null ? null : refusal.getMessage();
        return reason == null ? "refused" : reason;
    }

    /** One statement, so that an event is never in neither place. */
    private static void setAside(Connection connection, OutboxRow row, Map<Integer, String> reasons)
            throws SQLException {
        try (PreparedStatement move =
                connection.prepareStatement(
                        """
                        WITH gone AS (DELETE FROM platform.outbox WHERE id = ? RETURNING batch_id, topic, events)
                        INSERT INTO platform.outbox_refused (batch_id, position, topic, event, reason)
                        SELECT gone.batch_id, bad.position, gone.topic, gone.events::json -> bad.position, bad.reason
                          FROM gone, unnest(?, ?) AS bad (position, reason)
                        """)) {
            move.setLong(1, row.id());
            move.setArray(2, connection.createArrayOf("int4", reasons.keySet().toArray()));
            move.setArray(3, connection.createArrayOf("text", reasons.values().toArray()));
            move.executeUpdate();
        }
    }
}
