package dev.jubilee.events.postgres.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.postgres.RealPostgres;
import dev.jubilee.events.postgres.RoundTrips;
import dev.jubilee.events.postgres.TestPostgres;
import dev.jubilee.events.store.AppendResult;
import dev.jubilee.events.store.EventStore;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.postgresql.ds.PGSimpleDataSource;

/** An append costs one round trip to PostgreSQL, commit included, and so does a batch of them. */
@ExtendWith(RealPostgres.class)
class AppendRoundTripTest {
    private final PostgresFixture fixture;
    private final RoundTrips trips;
    private final Connection connection;
    private final PostgresEventStore store;

    AppendRoundTripTest(TestPostgres postgres) throws SQLException {
        fixture = new PostgresFixture(postgres);
        trips = new RoundTrips(postgres);
        connection = DriverManager.getConnection(trips.url());
        store = new PostgresEventStore(always(connection), fixture.settings);
        store.saveEvents("warm", events("warm", 1), 0); // the driver asks for types once
    }

    @AfterEach
    void disconnect() throws SQLException, IOException {
        store.close();
        connection.close();
        trips.close();
        fixture.close();
    }

    @Test
    void anAppendToANewStreamIsOneRoundTrip() {
        assertThat(tripsOf("s", events("s", 1), 0)).isEqualTo(1);
    }

    @Test
    void anAppendToAStreamThatIsThereIsOneRoundTrip() {
        assertThat(tripsOf("warm", events("more", 1), 1)).isEqualTo(1);
    }

    @Test
    void soAreManyEventsAtOnce() {
        assertThat(tripsOf("s", events("s", 500), 0)).isEqualTo(1);
    }

    @Test
    void manyWritersShareRoundTrips() {
        int before = trips.count();
        List<CompletableFuture<AppendResult>> appends =
                IntStream.range(0, 200)
                        .mapToObj(i -> store.saveEventsAsync("s" + i, events("s" + i, 1), 0))
                        .toList();

        assertThat(appends)
                .allSatisfy(append ->
                        assertThat(append.join()).isInstanceOf(AppendResult.Appended.class));
        assertThat(trips.count() - before).isBetween(1, 100);
    }

    private int tripsOf(String stream, List<Envelope> events, long expectedVersion) {
        int before = trips.count();
        assertThat(store.saveEvents(stream, events, expectedVersion))
                .isInstanceOf(AppendResult.Appended.class);
        int after = trips.count();
        try (EventStore reader = fixture.open()) {
            assertThat(reader.getEvents(stream, expectedVersion + 1)).hasSameSizeAs(events);
        }
        return after - before;
    }

    private static List<Envelope> events(String prefix, int count) {
        return IntStream.range(0, count)
                .mapToObj(i ->
                        Envelope.of(prefix + i, "guild.gold.deposited", "guilds", Instant.EPOCH)
                                .build())
                .toList();
    }

    /** A pool would ask a connection now and then whether it lives. */
    private static PGSimpleDataSource always(Connection connection) {
        Connection held =
                (Connection)
                        Proxy.newProxyInstance(
                                AppendRoundTripTest.class.getClassLoader(),
                                new Class<?>[] {Connection.class},
                                (proxy, method, arguments) -> {
                                    if (method.getName().equals("close")) {
                                        return null;
                                    }
                                    try {
                                        return method.invoke(connection, arguments);
                                    } catch (InvocationTargetException e) {
                                        throw e.getCause();
                                    }
                                });
        return new PGSimpleDataSource() {
            @Override
            public Connection getConnection() {
                return held;
            }
        };
    }
}
