package dev.jubilee.server.database;

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

/** The days of a table that is partitioned by time: a partition each, by UTC. Thread-safe. */
public final class DailyPartitions {
    private static final DateTimeFormatter DAY = DateTimeFormatter.BASIC_ISO_DATE;
    private static final long SECONDS_A_DAY = 86_400;
    private static final int AHEAD = 2;

    private final Database database;
    private final Table table;
    private final Set<LocalDate> known = ConcurrentHashMap.newKeySet();

    /**
     * A table that is partitioned by time.
     *
     * @param name with its schema, such as {@code bus.events}; a partition has the day behind it,
     *     {@code bus.events_20260131}
     * @param lock the name of the lock under which instances make and drop partitions
     * @param constraints that each partition has besides the table's own, such as {@code PRIMARY
     *     KEY (id)}; empty for none
     * @param storage the storage parameters of each partition, such as {@code WITH (fillfactor =
     *     70)}; empty for none
     */
    public record Table(String name, String lock, String constraints, String storage) {
        /** The name of the day's partition, with its schema. */
        public String partition(LocalDate day) {
            return name + "_" + DAY.format(day);
        }
    }

    public DailyPartitions(Database database, Table table) {
        this.database = database;
        this.table = table;
    }

    /** The day in which the moment lies. */
    public static LocalDate dayOf(Instant at) {
        return LocalDate.ofEpochDay(epochDay(at));
    }

    /** The number of the day in which the moment lies, since 1970; makes no object. */
    public static long epochDay(Instant at) {
        return Math.floorDiv(at.getEpochSecond(), SECONDS_A_DAY);
    }

    /**
     * Makes the partition of the day in which the moment lies, if it is not there yet.
     *
     * @throws DatabaseException also when others lock the table for too long
     */
    public void ensure(Instant at) {
        ensure(dayOf(at));
    }

    /** Makes the partitions of these days that are not there yet, as {@link #ensure(Instant)}. */
    public void ensure(Collection<LocalDate> days) {
        days.forEach(this::ensure);
    }

    /** Makes the partitions of that day and of the next two: none has to be made at midnight. */
    public void ensureAhead(Instant now) {
        LocalDate today = dayOf(now);
        for (int days = 0; days <= AHEAD; days++) {
            ensure(today.plusDays(days));
        }
    }

    /** Looks again next time: a partition that was there is not any more. */
    public void forget() {
        known.clear();
    }

    /** Drops the days that end before the moment given, and returns how many. */
    public int dropUntil(Instant moment) {
        Set<LocalDate> old = database.read(this::days).headSet(dayOf(moment));
        for (LocalDate day : old) {
            database.transaction(connection -> {
                lock(connection);
                execute(connection, "DROP TABLE IF EXISTS " + table.partition(day));
                return day;
            });
            known.remove(day);
        }
        return old.size();
    }

    private void ensure(LocalDate day) {
        if (!known.contains(day)) {
            make(day);
            known.add(day);
        }
    }

    private void make(LocalDate day) {
        String constraints = table.constraints().isEmpty() ? "" : ", " + table.constraints();
        database.transaction(connection -> {
            lock(connection);
            if (days(connection).contains(day)) {
                return day;
            }
            // Made apart and attached: to be made as a part it would wait for whoever reads any
            // day, and everybody else for it.
            execute(
                    connection,
                    "CREATE TABLE %s (LIKE %s INCLUDING ALL%s) %s"
                            .formatted(
                                    table.partition(day),
                                    table.name(),
                                    constraints,
                                    table.storage()));
            execute(
                    connection,
                    """
                    ALTER TABLE %s ATTACH PARTITION %s
                        FOR VALUES FROM ('%s 00:00:00+00') TO ('%s 00:00:00+00')
                    """
                            .formatted(table.name(), table.partition(day), day, day.plusDays(1)));
            return day;
        });
    }

    private NavigableSet<LocalDate> days(Connection connection) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT right(c.relname, 8) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                        WHERE i.inhparent = ?::regclass AND c.relname ~ '_[0-9]{8}$'
                        """)) {
            select.setString(1, table.name());
            try (ResultSet rows = select.executeQuery()) {
                NavigableSet<LocalDate> days = new TreeSet<>();
                while (rows.next()) {
                    days.add(LocalDate.parse(rows.getString(1), DAY));
                }
                return days;
            }
        }
    }

    /** One change to the partitions at a time, over all instances; no lock is waited for longer. */
    private void lock(Connection connection) throws SQLException {
        execute(connection, "SET LOCAL lock_timeout = '5s'");
        try (PreparedStatement lock =
                connection.prepareStatement(
                        "SELECT pg_advisory_xact_lock(hashtextextended(?, 0))")) {
            lock.setString(1, table.lock());
            lock.execute();
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
