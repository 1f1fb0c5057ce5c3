package dev.jubilee.events.postgres.store;

import com.zaxxer.hikari.HikariDataSource;
import dev.jubilee.events.postgres.TestPostgres;
import dev.jubilee.events.store.Checkpoints;
import dev.jubilee.events.store.DataKeys;
import dev.jubilee.events.store.EventStore;
import dev.jubilee.events.tck.EventStoreFixture;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A log in a schema of its own. */
final class PostgresFixture implements EventStoreFixture, AutoCloseable {
    final EventStoreSettings settings =
            EventStoreSettings.of("log_" + Long.toString(System.nanoTime(), 36))
                    .withPatience(Duration.ofMinutes(2));
    final HikariDataSource pool;
    private final TestPostgres postgres;
    private final List<Runnable> pauses = new ArrayList<>();

    PostgresFixture(TestPostgres postgres) {
        this.postgres = postgres;
        this.pool = postgres.pool(12);
        EventStoreSchema.install(pool, settings);
    }

    @Override
    public EventStore open() {
        return new PostgresEventStore(pool, settings);
    }

    @Override
    public EventStore openPausing(Runnable beforeCommit) {
        postgres.execute(pause(settings.schema()));
        CommitPause pause = new CommitPause(pool, beforeCommit);
        HikariDataSource marked = postgres.pool(2, "SET application_name = 'pausing'");
        pauses.add(pause::close);
        pauses.add(marked::close);
        return new PostgresEventStore(marked, settings);
    }

    @Override
    public Checkpoints checkpoints() {
        return new PostgresCheckpoints(pool, settings);
    }

    @Override
    public DataKeys dataKeys() {
        return new PostgresDataKeys(pool, settings);
    }

    @Override
    public void restart() {
        postgres.crashAndRecover();
    }

    @Override
    public void close() {
        pauses.forEach(Runnable::run);
        pool.close();
        postgres.execute("DROP SCHEMA " + settings.schema() + " CASCADE");
    }

    /** A deferred trigger is the last thing that runs before a commit. */
    private static String pause(String schema) {
        return """
        CREATE FUNCTION %1$s.pause() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF current_setting('application_name') = 'pausing' THEN
                PERFORM pg_advisory_xact_lock_shared(4711);
            END IF;
            RETURN NULL;
        END $$;
        CREATE CONSTRAINT TRIGGER pause AFTER INSERT ON %1$s.events
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION %1$s.pause();
        """
                .formatted(schema);
    }
}
