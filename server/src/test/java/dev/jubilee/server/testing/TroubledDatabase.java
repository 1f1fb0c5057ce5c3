package dev.jubilee.server.testing;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Hands out no connections for a while, or holds up whoever gives one back. Thread-safe. */
public final class TroubledDatabase {
    private final DataSource real;
    private final AtomicBoolean failing = new AtomicBoolean();
    private final AtomicInteger failures = new AtomicInteger();
    private final AtomicBoolean holding = new AtomicBoolean();
    private final CountDownLatch held = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);

    public TroubledDatabase(DataSource real) {
        this.real = real;
    }

    /** Whether there are no connections from now on. */
    public void fail(boolean now) {
        failing.set(now);
    }

    /** How often somebody got none. */
    public int failures() {
        return failures.get();
    }

    /** Whoever takes the next connection has done its work when it is held. */
    public void holdNext() {
        holding.set(true);
    }

    public void awaitHeld() throws InterruptedException {
        held.await();
    }

    public void goOn() {
        released.countDown();
    }

    public DataSource dataSource() {
        return proxy(
                DataSource.class,
                (method, arguments) -> {
                    if (failing.get() && method.getName().equals("getConnection")) {
                        failures.incrementAndGet();
                        throw new SQLException("there is no connection", "08001");
                    }
                    Object result = invoke(method, real, arguments);
                    return result instanceof Connection connection && holding.getAndSet(false)
                            ? held(connection)
                            : result;
                });
    }

    private Connection held(Connection connection) {
        return proxy(
                Connection.class,
                (method, arguments) -> {
                    Object result = invoke(method, connection, arguments);
                    if (method.getName().equals("close")) {
                        held.countDown();
                        released.await();
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
