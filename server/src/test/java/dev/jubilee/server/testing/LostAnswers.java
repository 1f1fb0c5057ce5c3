package dev.jubilee.server.testing;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Connections on which the answer to a commit can get lost: PostgreSQL has committed, and whoever
 * asked is told that the connection broke. Thread-safe.
 */
public final class LostAnswers {
    private final DataSource real;
    private final AtomicReference<@Nullable String> next = new AtomicReference<>();
    private final AtomicInteger lost = new AtomicInteger();
    private final AtomicReference<@Nullable Connection> held = new AtomicReference<>();
    private volatile boolean holding;

    public LostAnswers(DataSource real) {
        this.real = real;
    }

    /** Loses the next answer to a commit of a transaction that has a statement with this in it. */
    public void loseNext(String partOfStatement) {
        holding = false;
        next.set(partOfStatement);
    }

    /** The same, but the commit is on its way until {@link #commitHeld}. */
    public void holdNext(String partOfStatement) {
        holding = true;
        next.set(partOfStatement);
    }

    /** The commit that was on its way comes to PostgreSQL. */
    public void commitHeld() throws SQLException {
        try (Connection connection = Objects.requireNonNull(held.getAndSet(null))) {
            connection.commit();
            connection.setAutoCommit(true);
        }
    }

    /** How many were lost. */
    public int lost() {
        return lost.get();
    }

    public DataSource dataSource() {
        return proxy(
                DataSource.class,
                (method, arguments) -> {
                    Object result = invoke(method, real, arguments);
                    return result instanceof Connection connection ? losing(connection) : result;
                });
    }

    private Connection losing(Connection connection) {
        AtomicReference<@Nullable String> concerned = new AtomicReference<>();
        return proxy(
                Connection.class,
                (method, arguments) -> {
                    String part = next.get();
                    if (method.getName().equals("prepareStatement")
                            && part != null
                            && String.valueOf(arguments[0]).contains(part)) {
                        concerned.set(part);
                    }
                    if (connection.equals(held.get())) {
                        // Whoever gave it up is not heard by PostgreSQL.
                        return null;
                    }
                    boolean commits = method.getName().equals("commit");
                    boolean holds = commits && holding && concerned.get() != null;
                    Object result = holds ? null : invoke(method, connection, arguments);
                    if (commits) {
                        String was = concerned.getAndSet(null);
                        if (was != null && next.compareAndSet(was, null)) {
                            lost.incrementAndGet();
                            held.set(holds ? connection : null);
                            throw new SQLException("the answer to the commit was lost", "08006");
                        }
                    }
                    return result;
                });
    }

    private interface Call {
        @Nullable Object run(Method method, @Nullable Object[] arguments) throws Throwable;
    }

    private static <T> T proxy(Class<T> type, Call call) {
        return type.cast(
                Proxy.newProxyInstance(
                        type.getClassLoader(),
                        new Class<?>[] {type},
                        (proxy, method, arguments) ->
                                call.run(method, arguments == null ? new Object[0] : arguments)));
    }

    private static @Nullable Object invoke(
            Method method, Object target, @Nullable Object[] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
