package dev.jubilee.server.bus.store;

import dev.jubilee.server.database.Database;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.Collection;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The days of {@code bus.events}: a partition each, by UTC. Within one the row's id alone is the
 * key, so its index is as small as can be and is only ever appended to. Thread-safe.
 */
final class Partitions {
    private static final DateTimeFormatter NAME = DateTimeFormatter.ofPattern("'events_'yyyyMMdd");

    private static final long SECONDS_A_DAY = 86_400;

    private final Database database;
    private final Set<LocalDate> known = ConcurrentHashMap.newKeySet();

    Partitions(Database database) {
        this.database = database;
    }

    static LocalDate dayOf(Instant acceptedAt) {
        return LocalDate.ofEpochDay(epochDay(acceptedAt));
    }

    /** The day's number: what is asked for each event makes no object. */
    static long epochDay(Instant acceptedAt) {
        return Math.floorDiv(acceptedAt.getEpochSecond(), SECONDS_A_DAY);
    }

    static String nameOf(LocalDate day) {
        return NAME.format(day);
    }

    /** Makes the partitions that are not there yet. */
    void ensure(Collection<LocalDate> days) {
        for (LocalDate day : days) {
            if (!known.contains(day)) {
                make(day);
                known.add(day);
            }
        }
    }

    /** Looks again next time: a partition that was there is not any more. */
    void forget() {
        known.clear();
    }

    /**
     * Drops what ends before the moment given.
     *
     * @return how many partitions were dropped
     */
    int dropUntil(Instant moment) {
        LocalDate oldestKept = dayOf(moment);
        Set<LocalDate> old = database.read(Partitions::days).headSet(oldestKept);
        for (LocalDate day : old) {
            database.transaction(connection -> {
                lock(connection);
                execute(connection, "DROP TABLE IF EXISTS bus." + nameOf(day));
                return day;
            });
            known.remove(day);
        }
        return old.size();
    }

    private void make(LocalDate day) {
        String name = nameOf(day);
        database.transaction(connection -> {
            lock(connection);
            if (days(connection).contains(day)) {
                return name;
            }
            // Made apart and attached: to be made as a part it would wait for whoever reads any
            // day, and everybody else for it. Rows are written once and dropped with their day:
            // vacuuming them would only write every page a second time.
            execute(
                    connection,
                    """
                    CREATE TABLE bus.%s (LIKE bus.events INCLUDING ALL, PRIMARY KEY (id))
                        WITH (autovacuum_vacuum_insert_threshold = -1)
                    """
                            .formatted(name));
            execute(
                    connection,
                    """
                    ALTER TABLE bus.events ATTACH PARTITION bus.%s
                        FOR VALUES FROM ('%s 00:00:00+00') TO ('%s 00:00:00+00')
                    """
                            .formatted(name, day, day.plusDays(1)));
            return name;
        });
    }

    private static NavigableSet<LocalDate> days(Connection connection) throws SQLException {
        try (PreparedStatement statement =
                        connection.prepareStatement(
                                """
                                SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                                WHERE i.inhparent = 'bus.events'::regclass AND c.relname ~ '^events_[0-9]{8}$'
                                """);
                ResultSet rows = statement.executeQuery()) {
            NavigableSet<LocalDate> days = new TreeSet<>();
            while (rows.next()) {
                days.add(LocalDate.parse(rows.getString(1), NAME));
            }
            return days;
        }
    }

    /** One change to the partitions at a time, over all instances; no lock is waited for longer. */
    private static void lock(Connection connection) throws SQLException {
        execute(connection, "SET LOCAL lock_timeout = '5s'");
        execute(
                connection,
                "SELECT pg_advisory_xact_lock(hashtextextended('bus.events partitions', 0))");
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
