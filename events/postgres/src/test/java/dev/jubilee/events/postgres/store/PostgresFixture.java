package dev.jubilee.events.postgres.store;

import com.zaxxer.hikari.HikariDataSource;
import dev.jubilee.events.postgres.TestPostgres;
import dev.jubilee.events.store.Checkpoints;
import dev.jubilee.events.store.DataKeys;
import dev.jubilee.events.store.EventStore;
import dev.jubilee.events.tck.EventStoreFixture;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.time.Duration;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** A log in a schema of its own. */
final class PostgresFixture implements EventStoreFixture, AutoCloseable {
    final EventStoreSettings settings =
            EventStoreSettings.of("log_" + Long.toString(System.nanoTime(), 36))
                    .withPatience(Duration.ofSeconds(30));
    final HikariDataSource pool;
    private final TestPostgres postgres;

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
        return new PostgresEventStore(pausing(beforeCommit), settings);
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
        pool.close();
        postgres.execute("DROP SCHEMA " + settings.schema() + " CASCADE");
    }

    /** The pool, but commits wait for this. */
    private DataSource pausing(Runnable beforeCommit) {
        return proxy(
                DataSource.class,
                (method, arguments) -> {
                    Object result = method.invoke(pool, arguments);
                    return result instanceof Connection connection
                            ? pausing(connection, beforeCommit)
                            : result;
                });
    }

    private static Connection pausing(Connection connection, Runnable beforeCommit) {
        return proxy(
                Connection.class,
                (method, arguments) -> {
                    if (method.getName().equals("commit")) {
                        beforeCommit.run();
                    }
                    return method.invoke(connection, arguments);
                });
    }

    @FunctionalInterface
    private interface Call {
        @Nullable Object run(Method method, Object[] arguments)
                throws InvocationTargetException, IllegalAccessException;
    }

    private static <T> T proxy(Class<T> type, Call call) {
        return type.cast(
                Proxy.newProxyInstance(
                        type.getClassLoader(),
                        new Class<?>[] {type},
                        (proxy, method, arguments) -> {
                            try {
                                return call.run(method, arguments);
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        }));
    }
}
