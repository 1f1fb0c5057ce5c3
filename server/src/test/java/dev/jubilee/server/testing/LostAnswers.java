package dev.jubilee.server.testing;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
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

    public LostAnswers(DataSource real) {
        this.real = real;
    }

    /** Loses the next answer to a commit of a transaction that has a statement with this in it. */
    public void loseNext(String partOfStatement) {
        next.set(partOfStatement);
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
                    Object result = invoke(method, connection, arguments);
                    if (method.getName().equals("commit")) {
                        String was = concerned.getAndSet(null);
                        if (was != null && next.compareAndSet(was, null)) {
                            lost.incrementAndGet();
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
