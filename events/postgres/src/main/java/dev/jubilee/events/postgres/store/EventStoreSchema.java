package dev.jubilee.events.postgres.store;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;

/**
 * The tables of a store. Made by {@link #install}, or by a migration tool from {@link #ddl}.
 *
 * <p>{@code log} has one row, the last position given. It is the only row that all appends share.
 */
public final class EventStoreSchema {
    private EventStoreSchema() {}

    /**
     * Makes what is missing, and changes nothing that is there. Safe to run by several programs at
     * the same moment, and at every start.
     */
    public static void install(DataSource dataSource, EventStoreSettings settings) {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                // "IF NOT EXISTS" alone fails when two do it at once.
                statement.execute(
                        "SELECT pg_advisory_xact_lock(hashtextextended('jubilee event store "
                                + settings.schema()
                                + "', 0))");
                statement.execute(ddl(settings));
                connection.commit();
            } catch (SQLException e) {
                connection.rollback();
                throw e;
            }
        } catch (SQLException e) {
            throw Failures.of("installing the schema " + settings.schema(), e);
        }
    }

    /** What {@link #install} runs. */
    public static String ddl(EventStoreSettings settings) {
        return """
        CREATE SCHEMA IF NOT EXISTS %1$s;
        CREATE TABLE IF NOT EXISTS %1$s.log (
            only_row      boolean PRIMARY KEY DEFAULT true CHECK (only_row),
            last_position bigint  NOT NULL
        ) WITH (fillfactor = 10);
        INSERT INTO %1$s.log (last_position) VALUES (0) ON CONFLICT DO NOTHING;
        CREATE TABLE IF NOT EXISTS %1$s.streams (
            stream  text COLLATE "C" PRIMARY KEY,
            version bigint  NOT NULL,
            deleted boolean NOT NULL DEFAULT false
        ) WITH (fillfactor = 80);
        CREATE TABLE IF NOT EXISTS %1$s.events (
            position       bigint PRIMARY KEY,
            stream         text COLLATE "C" NOT NULL,
            version        bigint NOT NULL,
            id             text   NOT NULL,
            type           text   NOT NULL,
            source         text   NOT NULL,
            time_ns        bigint NOT NULL,
            subject        text,
            correlation_id text,
            causation_id   text,
            attributes     text,
            data           bytea  NOT NULL,
            stored_at      timestamptz NOT NULL DEFAULT now(),
            UNIQUE (stream, version)
        );
        CREATE TABLE IF NOT EXISTS %1$s.snapshots (
            stream       text COLLATE "C" PRIMARY KEY,
            version      bigint NOT NULL,
            content_type text   NOT NULL,
            data         bytea  NOT NULL,
            taken_at     timestamptz NOT NULL DEFAULT now()
        );
        CREATE TABLE IF NOT EXISTS %1$s.checkpoints (
            subscription text PRIMARY KEY,
            position     bigint NOT NULL,
            token        bigint NOT NULL,
            owner        text   NOT NULL,
            leased_until timestamptz NOT NULL,
            moved_at     timestamptz NOT NULL
        ) WITH (fillfactor = 50);
        CREATE TABLE IF NOT EXISTS %1$s.data_keys (
            person     text PRIMARY KEY,
            id         text  NOT NULL,
            wrapped    bytea NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now()
        );
        COMMENT ON COLUMN %1$s.events.time_ns IS
            'nanoseconds since 1970: to_timestamp(time_ns / 1e9)';
        COMMENT ON COLUMN %1$s.events.attributes IS
            'what is not the default, as JSON; extensions begin with "ext."';
        """
                .formatted(settings.schema());
    }
}
