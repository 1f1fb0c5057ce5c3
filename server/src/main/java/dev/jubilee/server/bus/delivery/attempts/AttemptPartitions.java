package dev.jubilee.server.bus.delivery.attempts;

import dev.jubilee.server.database.Database;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The days of {@code bus.event_deliveries}, a partition each, by UTC. Thread-safe. */
public final class AttemptPartitions {
    private static final DateTimeFormatter NAME =
            DateTimeFormatter.ofPattern("'event_deliveries_'yyyyMMdd");

    private static final int AHEAD = 2;

    private final Database database;
    private final Set<LocalDate> known = ConcurrentHashMap.newKeySet();

    public AttemptPartitions(Database database) {
        this.database = database;
    }

    /**
     * Makes the day's partition, if it is not there yet.
     *
     * @throws dev.jubilee.server.database.DatabaseException also when others lock the table for too
     *     long
     */
    public void ensure(Instant at) {
        ensure(dayOf(at));
    }

    /** Makes the partitions of that day and of the next two: none has to be made at midnight. */
    public void ensureAhead(Instant now) {
        LocalDate today = dayOf(now);
        for (int days = 0; days <= AHEAD; days++) {
            ensure(today.plusDays(days));
        }
    }

    private void ensure(LocalDate day) {
        if (!known.contains(day)) {
            make(day);
            known.add(day);
        }
    }

    private void make(LocalDate day) {
        String name = NAME.format(day);
        database.transaction(connection -> {
            lock(connection);
            if (days(connection).contains(day)) {
                return day;
            }
            // Made apart and attached: to be made as a part it would wait for whoever reads any
            // day, and everybody else for it.
            execute(
                    connection,
                    "CREATE TABLE bus.%s (LIKE bus.event_deliveries INCLUDING ALL)"
                            .formatted(name));
            execute(
                    connection,
                    """
                    ALTER TABLE bus.event_deliveries ATTACH PARTITION bus.%s
                        FOR VALUES FROM ('%s 00:00:00+00') TO ('%s 00:00:00+00')
                    """
                            .formatted(name, day, day.plusDays(1)));
            return day;
        });
    }

    private static LocalDate dayOf(Instant at) {
        return LocalDate.ofInstant(at, ZoneOffset.UTC);
    }

    /** Drops the days that end before the moment given, and returns how many. */
    public int dropUntil(Instant moment) {
        LocalDate oldestKept = dayOf(moment);
        List<LocalDate> old = database.read(AttemptPartitions::days);
        old.removeIf(day -> !day.isBefore(oldestKept));
        for (LocalDate day : old) {
            database.transaction(connection -> {
                lock(connection);
                execute(connection, "DROP TABLE IF EXISTS bus." + NAME.format(day));
                return day;
            });
            known.remove(day);
        }
        return old.size();
    }

    private static List<LocalDate> days(Connection connection) throws SQLException {
        try (PreparedStatement select =
                        connection.prepareStatement(
                                """
                                SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                                WHERE i.inhparent = 'bus.event_deliveries'::regclass
                                """);
                ResultSet row = select.executeQuery()) {
            List<LocalDate> days = new ArrayList<>();
            while (row.next()) {
                days.add(LocalDate.parse(row.getString(1), NAME));
            }
            return days;
        }
    }

    /** One change to the partitions at a time, over all instances; no lock is waited for longer. */
    private static void lock(Connection connection) throws SQLException {
        execute(connection, "SET LOCAL lock_timeout = '5s'");
        execute(
                connection,
                "SELECT pg_advisory_xact_lock(hashtextextended('bus.event_deliveries', 0))");
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
