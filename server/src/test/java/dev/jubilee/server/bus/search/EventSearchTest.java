package dev.jubilee.server.bus.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.server.database.Database;
import dev.jubilee.server.testing.CountedStatements;
import dev.jubilee.server.testing.Platform;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class EventSearchTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Instant NOON = Instant.parse("2026-11-10T12:00:00Z");

    @Test
    void whatAnIndexDoesNotFindInTimeIsLookedForInShortSlicesNext() {
        CountedStatements counted = new CountedStatements(platform.dataSource());
        EventSearch search =
                new EventSearch(
                        new Database(slow(counted.dataSource())), new SimpleMeterRegistry());
        Span day = Span.of(NOON.minus(Duration.ofDays(1)), NOON);

        assertThatThrownBy(() -> search.find(day, new EventConditions(), 10, true))
                .hasMessageContaining("search_too_slow");

        // The day, ten seconds, and what is left of them twice.
        assertThat(counted.with("bus.events")).isEqualTo(4);
    }

    @Test
    void aSearchMayEndInTheDistantFuture() throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    """
                    CREATE TABLE bus.events_20261110 PARTITION OF bus.events
                        FOR VALUES FROM ('2026-11-10 00:00:00+00') TO ('2026-11-11 00:00:00+00');
                    INSERT INTO bus.events (id, event_type, topic, source, partition, "offset", timestamp, accepted_at,
                        processed_at)
                    SELECT uuidv7(at - clock_timestamp()), 'game.kill', 't', 's', 0, 0, at, at, at
                    FROM (SELECT timestamptz '2026-11-10 12:00:00.1+00' AS at) x
                    """);
        }
        EventSearch search =
                new EventSearch(new Database(platform.dataSource()), new SimpleMeterRegistry());
        Span all = Span.of(NOON, Instant.parse("9000-01-01T00:00:00Z"));

        assertThat(search.find(all, new EventConditions(), 10, true).events()).hasSize(1);
    }

    /** As if each look at the events took longer than it may. */
    private static DataSource slow(DataSource real) {
        return (DataSource)
                proxy(
                        DataSource.class,
                        real,
                        (name, arguments, result) ->
                                result instanceof Connection connection
                                        ? proxy(
                                                Connection.class,
                                                connection,
                                                EventSearchTest::canceled)
                                        : result);
    }

    private static Object canceled(String name, Object[] arguments, Object result)
            throws SQLException {
        if (name.equals("prepareStatement") && arguments[0].toString().contains("bus.events")) {
            throw new SQLException("canceling statement due to statement timeout", "57014");
        }
        return result;
    }

    private interface After {
        Object call(String name, Object[] arguments, Object result) throws SQLException;
    }

    private static Object proxy(Class<?> type, Object target, After after) {
        return Proxy.newProxyInstance(
                type.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, arguments) -> {
                    try {
                        Object result = method.invoke(target, arguments);
                        return after.call(method.getName(), arguments, result);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
