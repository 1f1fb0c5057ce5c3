package dev.jubilee.server.testing;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** A database whose statements are counted. Thread-safe. */
public final class CountedStatements {
    private final DataSource real;
    private final List<String> prepared = new CopyOnWriteArrayList<>();

    public CountedStatements(DataSource real) {
        this.real = real;
    }

    /** How many that hold this text were prepared since it was forgotten. */
    public long with(String part) {
        return prepared.stream().filter(sql -> sql.contains(part)).count();
    }

    /** Counts from here on. */
    public void forget() {
        prepared.clear();
    }

    public DataSource dataSource() {
        return proxy(
                DataSource.class,
                real,
                (method, arguments, result) ->
                        result instanceof Connection connection ? counted(connection) : result);
    }

    private Connection counted(Connection connection) {
        return proxy(
                Connection.class,
                connection,
                (method, arguments, result) -> {
                    if (method.getName().equals("prepareStatement")) {
                        prepared.add(String.valueOf(arguments[0]));
                    }
                    return result;
                });
    }

    private interface After {
        @Nullable Object call(Method method, @Nullable Object[] arguments, @Nullable Object result);
    }

    private static <T> T proxy(Class<T> type, T target, After after) {
        return type.cast(
                Proxy.newProxyInstance(
                        type.getClassLoader(),
                        new Class<?>[] {type},
                        (proxy, method, given) -> {
                            Object[] arguments = given == null ? new Object[0] : given;
                            try {
                                return after.call(
                                        method, arguments, method.invoke(target, arguments));
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        }));
    }
}
