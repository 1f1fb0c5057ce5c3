package dev.jubilee.server.bus.delivery.attempts;

import dev.jubilee.server.bus.delivery.attempts.Attempt.End;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.pending.PendingStore;
import dev.jubilee.server.bus.store.BinaryCopy;
import dev.jubilee.server.database.DailyPartitions;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.Timestamps;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/** Writes the outcomes of deliveries, many in a transaction. For the recorder's thread. */
public final class AttemptStore {
    private static final DailyPartitions.Table TABLE =
            new DailyPartitions.Table("bus.event_deliveries", "bus.event_deliveries", "", "");
    private static final int COLUMNS = 13;

    private final DailyPartitions partitions;
    private final BinaryCopy copy = new BinaryCopy();

    public AttemptStore(DailyPartitions partitions) {
        this.partitions = partitions;
    }

    /** The days of {@code bus.event_deliveries}. */
    public static DailyPartitions partitions(Database database) {
        return new DailyPartitions(database, TABLE);
    }

    void ensurePartitions(List<Recorder.Entry> batch) {
        for (Recorder.Entry entry : batch) {
            if (entry instanceof Recorder.Entry.Tried(Attempt attempt)) {
                partitions.ensure(attempt.at());
            }
        }
    }

    /**
     * @param repeated whether an earlier write of the same batch may have been committed after all
     */
    void write(Connection connection, List<Recorder.Entry> batch, boolean repeated)
            throws SQLException {
        PendingStore.lockOwners(connection, subscriptions(batch));
        List<Attempt> attempts = new ArrayList<>();
        List<Recorder.Entry.PutBack> back = new ArrayList<>();
        for (Recorder.Entry entry : batch) {
            switch (entry) {
                case Recorder.Entry.Tried(Attempt attempt) -> attempts.add(attempt);
                case Recorder.Entry.Circuit circuit -> circuit(connection, circuit);
                case Recorder.Entry.PutBack some -> back.add(some);
                case Recorder.Entry.Mark _ -> {
                    // Passed once the transaction has.
                }
            }
        }
        if (!back.isEmpty()) {
            putBack(connection, back);
        }
        if (attempts.isEmpty() || (repeated && isThere(connection, attempts.getFirst()))) {
            return;
        }
        attempts(connection, attempts);
        List<Delivery> over = new ArrayList<>();
        List<Attempt> dead = new ArrayList<>();
        List<Attempt> again = new ArrayList<>();
        for (Attempt attempt : attempts) {
            switch (attempt.end()) {
                case End.Delivered _ -> over.add(attempt.delivery());
                case End.Again _ -> again.add(attempt);
                case End.Dead _ -> {
                    over.add(attempt.delivery());
                    dead.add(attempt);
                }
            }
        }
        deadLetters(connection, dead);
        reschedule(connection, again);
        delete(connection, over);
        touch(connection, attempts);
    }

    private static Set<UUID> subscriptions(List<Recorder.Entry> batch) {
        Set<UUID> concerned = new HashSet<>();
        for (Recorder.Entry entry : batch) {
            switch (entry) {
                case Recorder.Entry.Tried(Attempt attempt) ->
                        concerned.add(attempt.delivery().subscriptionId());
                case Recorder.Entry.Circuit circuit -> concerned.add(circuit.subscription());
                case Recorder.Entry.PutBack some -> concerned.add(some.subscription());
                case Recorder.Entry.Mark _ -> {
                    // Concerns nobody.
                }
            }
        }
        return concerned;
    }

    /** Makes these deliveries wait. */
    private static void putBack(Connection connection, List<Recorder.Entry.PutBack> several)
            throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        UPDATE bus.pending_deliveries SET taken = false
                        WHERE subscription_id = ? AND id = ANY (?) AND taken
                        """)) {
            for (Recorder.Entry.PutBack one : several) {
                if (!one.ids().isEmpty()) {
                    update.setObject(1, one.subscription());
                    update.setArray(2, connection.createArrayOf("int8", one.ids().toArray()));
                    update.addBatch();
                }
            }
            update.executeBatch();
        }
    }

    private static boolean isThere(Connection connection, Attempt first) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT FROM bus.event_deliveries WHERE id = ? AND delivered_at = ?")) {
            select.setObject(1, first.id());
            // As it was copied: the driver would round what a copy cuts off.
            select.setObject(2, Timestamps.utc(first.at().truncatedTo(ChronoUnit.MICROS)));
            try (var row = select.executeQuery()) {
                return row.next();
            }
        }
    }

    private void attempts(Connection connection, List<Attempt> attempts) throws SQLException {
        CopyIn into =
                connection
                        .unwrap(PGConnection.class)
                        .getCopyAPI()
                        .copyIn(
                                """
                                COPY bus.event_deliveries (id, event_id, subscription_id, attempt_number, status,
                                    method, response, error_message, status_code, duration_ms, delivered_at,
                                    next_retry_at, is_last_attempt) FROM STDIN (FORMAT binary)
                                """);
        try {
            copy.begin();
            for (Attempt attempt : attempts) {
                write(attempt);
                copy.flushWhenFull(into);
            }
            copy.end(into);
        } finally {
            if (into.isActive()) {
                into.cancelCopy();
            }
        }
    }

    private void write(Attempt attempt) {
        copy.row(COLUMNS);
        copy.uuid(attempt.id());
        copy.text(attempt.delivery().eventId());
        copy.text(attempt.delivery().subscriptionId().toString());
        copy.int4(attempt.number());
        copy.text(attempt.status());
        copy.text(attempt.method());
        copy.text(attempt.response());
        copy.text(attempt.error());
        if (attempt.statusCode() == null) {
            copy.nothing();
        } else {
            copy.int4(attempt.statusCode());
        }
        copy.float8(attempt.took().toNanos() / 1e6);
        copy.timestamp(attempt.at());
        if (attempt.end() instanceof End.Again(Instant due, boolean _)) {
            copy.timestamp(due);
            copy.bool(false);
        } else {
            copy.nothing();
            copy.bool(true);
        }
    }

    private static void deadLetters(Connection connection, List<Attempt> dead) throws SQLException {
        if (dead.isEmpty()) {
            return;
        }
        // What is owed no more leaves none: deleted or rewound meanwhile, or ended by another
        // instance.
        try (PreparedStatement insert =
                connection.prepareStatement(
                        """
                        INSERT INTO bus.dead_letters (id, subscription_id, event_id, event_type, topic, key, priority,
                            body, attempts, reason, status_code, accepted_at, dead_at)
                        SELECT ?, s.id, p.event_id, p.event_type, p.topic, p.key, p.priority, p.body, ?, ?, ?,
                            p.accepted_at, ?
                        FROM bus.pending_deliveries p JOIN bus.event_subscriptions s ON s.id = p.subscription_id
                        WHERE p.subscription_id = ? AND p.id = ?
                        ON CONFLICT DO NOTHING
                        """)) {
            for (Attempt attempt : dead) {
                insert.setObject(1, attempt.id());
                insert.setInt(2, attempt.number());
                insert.setString(3, attempt.end() instanceof End.Dead(String reason) ? reason : "");
                insert.setObject(4, attempt.statusCode());
                insert.setObject(5, Timestamps.utc(attempt.at()));
                insert.setObject(6, attempt.delivery().subscriptionId());
                insert.setLong(7, attempt.delivery().id());
                insert.addBatch();
            }
            insert.executeBatch();
        }
    }

    private static void reschedule(Connection connection, List<Attempt> tries) throws SQLException {
        if (tries.isEmpty()) {
            return;
        }
        List<Attempt> again = lastOfEach(tries);
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        UPDATE bus.pending_deliveries p
                        SET attempts = n.attempts, due_at = n.due::timestamptz, taken = p.taken AND n.taken
                        FROM unnest(?, ?, ?, ?, ?) AS n (subscription_id, id, attempts, due, taken)
                        WHERE p.subscription_id = n.subscription_id AND p.id = n.id
                        """)) {
            array(connection, update, 1, "uuid", again, a -> a.delivery().subscriptionId());
            array(connection, update, 2, "int8", again, a -> a.delivery().id());
            array(connection, update, 3, "int4", again, Attempt::number);
            array(
                    connection,
                    update,
                    4,
                    "text",
                    again,
                    a ->
                            a.end() instanceof End.Again(Instant due, boolean _)
                                    ? due.toString()
                                    : "");
            array(
                    connection,
                    update,
                    5,
                    "bool",
                    again,
                    a -> a.end() instanceof End.Again(Instant _, boolean stays) && stays);
            update.executeUpdate();
        }
    }

    /** The last attempt of each delivery: of two rows for one the update would take either. */
    private static List<Attempt> lastOfEach(List<Attempt> tries) {
        Map<DeliveryId, Attempt> last = new LinkedHashMap<>();
        for (Attempt one : tries) {
            Delivery delivery = one.delivery();
            last.put(new DeliveryId(delivery.subscriptionId(), delivery.id()), one);
        }
        return List.copyOf(last.values());
    }

    private record DeliveryId(UUID subscription, long id) {}

    private static void delete(Connection connection, List<Delivery> over) throws SQLException {
        if (over.isEmpty()) {
            return;
        }
        try (PreparedStatement delete =
                connection.prepareStatement(
                        """
                        DELETE FROM bus.pending_deliveries p USING unnest(?, ?) AS n (subscription_id, id)
                        WHERE p.subscription_id = n.subscription_id AND p.id = n.id
                        """)) {
            array(connection, delete, 1, "uuid", over, Delivery::subscriptionId);
            array(connection, delete, 2, "int8", over, Delivery::id);
            delete.executeUpdate();
        }
    }

    /** To the second: a row a subscription and second, however much it is sent. */
    private static void touch(Connection connection, List<Attempt> attempts) throws SQLException {
        Map<UUID, Instant> latest = new HashMap<>();
        for (Attempt attempt : attempts) {
            if (attempt.end() instanceof End.Delivered) {
                latest.merge(
                        attempt.delivery().subscriptionId(),
                        attempt.at(),
                        (a, b) -> a.isAfter(b) ? a : b);
            }
        }
        if (latest.isEmpty()) {
            return;
        }
        List<Map.Entry<UUID, Instant>> rows =
                latest.entrySet().stream().sorted(Map.Entry.comparingByKey()).toList();
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        UPDATE bus.event_subscriptions s SET last_active = n.at::timestamptz
                        FROM unnest(?, ?) AS n (id, at)
                        WHERE s.id = n.id AND s.last_active < n.at::timestamptz - interval '1 second'
                        """)) {
            array(connection, update, 1, "uuid", rows, Map.Entry::getKey);
            array(connection, update, 2, "text", rows, row -> row.getValue().toString());
            update.executeUpdate();
        }
    }

    private static void circuit(Connection connection, Recorder.Entry.Circuit circuit)
            throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        "UPDATE bus.event_subscriptions SET circuit = ?, circuit_until = ? WHERE id = ?")) {
            update.setString(1, circuit.state());
            Instant until = circuit.until();
            update.setObject(
                    2,
                    until == null ? null : Timestamps.utc(until),
                    java.sql.Types.TIMESTAMP_WITH_TIMEZONE);
            update.setObject(3, circuit.subscription());
            update.executeUpdate();
        }
    }

    private static <T> void array(
            Connection connection,
            PreparedStatement statement,
            int parameter,
            String type,
            List<T> rows,
            Function<T, @Nullable Object> value)
            throws SQLException {
        statement.setArray(
                parameter, connection.createArrayOf(type, rows.stream().map(value).toArray()));
    }
}
