package dev.jubilee.events.postgres;

import java.io.PrintWriter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** A data source on which one commit or connection can be made to go wrong. */
final class FlakyDataSource implements DataSource {
    /** What happens instead of a commit; the connection is then the fault's to close. */
    @FunctionalInterface
    interface Fault {
        void commit(Connection connection) throws Exception;
    }

    private final DataSource real;
    private final AtomicReference<@Nullable Fault> next = new AtomicReference<>();
    private final AtomicReference<@Nullable RuntimeException> refusal = new AtomicReference<>();

    FlakyDataSource(DataSource real) {
        this.real = real;
    }

    /** Whoever asks for the next connection gets this instead. */
    void nextConnection(RuntimeException failure) {
        refusal.set(failure);
    }

    /** The next commit goes like this, and its answer is lost. */
    void nextCommit(Fault fault) {
        next.set(fault);
    }

    @Override
    public Connection getConnection() throws SQLException {
        RuntimeException refused = refusal.getAndSet(null);
        if (refused != null) {
            throw refused;
        }
        Connection connection = real.getConnection();
        AtomicReference<Boolean> abandoned = new AtomicReference<>(false);
        return (Connection)
                Proxy.newProxyInstance(
                        getClass().getClassLoader(),
                        new Class<?>[] {Connection.class},
                        (proxy, method, arguments) -> {
                            if (method.getName().equals("commit")) {
                                Fault fault = next.getAndSet(null);
                                if (fault != null) {
                                    abandoned.set(true);
                                    fault.commit(connection);
                                    throw new SQLException("the answer is lost", "08006");
                                }
                            }
                            if (method.getName().equals("close")
                                    && Objects.equals(abandoned.get(), true)) {
                                return null;
                            }
                            try {
                                return method.invoke(connection, arguments);
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        });
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
        return getConnection();
    }

    @Override
    public @Nullable PrintWriter getLogWriter() throws SQLException {
        return real.getLogWriter();
    }

    @Override
    public void setLogWriter(@Nullable PrintWriter writer) throws SQLException {
        real.setLogWriter(writer);
    }

    @Override
    public void setLoginTimeout(int seconds) throws SQLException {
        real.setLoginTimeout(seconds);
    }

    @Override
    public int getLoginTimeout() throws SQLException {
        return real.getLoginTimeout();
    }

    @Override
    public Logger getParentLogger() {
        return Logger.getGlobal();
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        return real.unwrap(type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
        return real.isWrapperFor(type);
    }
}
