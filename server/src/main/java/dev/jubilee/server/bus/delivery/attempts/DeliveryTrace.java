package dev.jubilee.server.bus.delivery.attempts;

import dev.jubilee.server.bus.search.StoredEvent;
import dev.jubilee.server.bus.trace.TraceSource;
import dev.jubilee.server.bus.trace.TraceStep;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.Timestamps;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Tells of events to whom they were delivered, and who was given up; not what the endpoints
 * answered, which is for the services that made the subscriptions. Thread-safe.
 */
public final class DeliveryTrace implements TraceSource {
    private static final int MOST = 10_000;

    private final Database database;

    public DeliveryTrace(Database database) {
        this.database = database;
    }

    @Override
    public Map<String, List<TraceStep>> of(List<StoredEvent> events) {
        return database.read(connection -> {
            try (PreparedStatement select =
                    connection.prepareStatement(
                            """
                            SELECT d.event_id, d.subscription_id, d.method, d.attempt_number, d.status,
                                d.delivered_at, s.service_name
                            FROM bus.event_deliveries d
                            LEFT JOIN bus.event_subscriptions s ON s.subscription_id = d.subscription_id
                            WHERE d.event_id = ANY (?) AND d.status IN ('delivered', 'dead')
                            ORDER BY d.id LIMIT ?
                            """)) {
                Object[] ids = events.stream().map(StoredEvent::eventId).toArray();
                select.setArray(1, connection.createArrayOf("varchar", ids));
                select.setInt(2, MOST);
                Map<String, List<TraceStep>> steps = new HashMap<>();
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        boolean delivered = row.getString(5).equals("delivered");
                        steps.computeIfAbsent(row.getString(1), id -> new ArrayList<>())
                                .add(
                                        new TraceStep(
                                                delivered ? "delivered" : "dead",
                                                Timestamps.instant(row, 6),
                                                detail(row)));
                    }
                }
                return steps;
            }
        });
    }

    private static Map<String, Object> detail(ResultSet row) throws java.sql.SQLException {
        Map<String, Object> detail = new LinkedHashMap<>();
        detail.put("subscription_id", row.getString(2));
        if (row.getString(7) != null) {
            detail.put("service_name", row.getString(7));
        }
        detail.put("method", row.getString(3));
        detail.put("attempts", row.getInt(4));
        return detail;
    }
}
