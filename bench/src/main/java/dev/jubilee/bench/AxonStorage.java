package dev.jubilee.bench;

import com.zaxxer.hikari.HikariDataSource;
import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import jakarta.persistence.EntityTransaction;
import jakarta.persistence.PersistenceConfiguration;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.axonframework.conversion.json.JacksonConverter;
import org.axonframework.eventsourcing.eventstore.AggregateBasedConsistencyMarker;
import org.axonframework.eventsourcing.eventstore.AppendCondition;
import org.axonframework.eventsourcing.eventstore.ConsistencyMarker;
import org.axonframework.eventsourcing.eventstore.EventStorageEngine.AppendTransaction;
import org.axonframework.eventsourcing.eventstore.GenericTaggedEventMessage;
import org.axonframework.eventsourcing.eventstore.jpa.AggregateBasedJpaEventStorageEngine;
import org.axonframework.eventsourcing.eventstore.jpa.AggregateEventEntry;
import org.axonframework.messaging.core.MessageType;
import org.axonframework.messaging.core.unitofwork.ProcessingLifecycle;
import org.axonframework.messaging.core.unitofwork.transaction.Transaction;
import org.axonframework.messaging.core.unitofwork.transaction.TransactionManager;
import org.axonframework.messaging.eventhandling.GenericEventMessage;
import org.axonframework.messaging.eventhandling.conversion.DelegatingEventConverter;
import org.axonframework.messaging.eventstreaming.EventCriteria;
import org.axonframework.messaging.eventstreaming.Tag;
import org.jspecify.annotations.Nullable;

/**
 * Axon Framework's JPA storage of events by Hibernate, in the platform's PostgreSQL, in a schema
 * that is dropped. Set up as its reference guide has it for PostgreSQL: payloads as {@code bytea},
 * a transaction for each append; everything else at its defaults.
 */
final class AxonStorage implements AutoCloseable {
    private static final String SCHEMA = "bench_axon";
    private static final String AGGREGATE = "player";

    private final HikariDataSource pool;
    private final EntityManagerFactory factory;
    private final AggregateBasedJpaEventStorageEngine engine;
    private int rounds;
    private long appends;

    AxonStorage(HikariDataSource pool) {
        this.pool = pool;
        // Otherwise Hibernate takes Kafka's interfaces of Log4j for a log.
        System.setProperty("org.jboss.logging.provider", "slf4j");
        execute("DROP SCHEMA IF EXISTS " + SCHEMA + " CASCADE");
        execute("CREATE SCHEMA " + SCHEMA);
        factory =
                new PersistenceConfiguration("axon")
                        .managedClass(AggregateEventEntry.class)
                        .property("jakarta.persistence.nonJtaDataSource", pool)
                        .property("jakarta.persistence.schema-generation.database.action", "create")
                        .property("hibernate.default_schema", SCHEMA)
                        .property("hibernate.dialect", ByteaDialect.class.getName())
                        .property("hibernate.globally_quoted_identifiers", "true")
                        .createEntityManagerFactory();
        Sessions sessions = new Sessions(factory);
        engine =
                new AggregateBasedJpaEventStorageEngine(
                        sessions::current,
                        sessions,
                        new DelegatingEventConverter(new JacksonConverter()),
                        UnaryOperator.identity());
    }

    /** So many writers, each with an aggregate of its own, one event after the other. */
    Written write(int writers, Duration duration) {
        int round = rounds++;
        Written written =
                Written.by(
                        writers,
                        duration,
                        writer -> {
                            String id = "player-" + round + "-" + writer;
                            ConsistencyMarker[] seen = {new AggregateBasedConsistencyMarker(id, 0)};
                            return done -> seen[0] = append(id, done, seen[0]);
                        });
        appends += written.appends();
        return written;
    }

    private ConsistencyMarker append(String id, long done, ConsistencyMarker seen) {
        Tag tag = Tag.of(AGGREGATE, id);
        String event = id + "-" + (done + 1);
        GenericEventMessage message =
                new GenericEventMessage(
                        event,
                        new MessageType("game.match.end", "1"),
                        EventLog.data(),
                        Map.of("environment", "bench", "correlationId", event),
                        Instant.now());
        AppendCondition condition =
                AppendCondition.withCriteria(EventCriteria.havingTags(tag)).withMarker(seen);
        return completed(
                engine.appendEvents(
                                condition,
                                null,
                                List.of(new GenericTaggedEventMessage<>(message, Set.of(tag))))
                        .join());
    }

    private static <R> ConsistencyMarker completed(AppendTransaction<R> transaction) {
        R committed = transaction.commit(null).join();
        return transaction.afterCommit(committed, null).join();
    }

    /** How many appends were acknowledged. */
    long appends() {
        return appends;
    }

    /** How many events there are. */
    long stored() {
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery(
                                "SELECT count(*) FROM bench_axon.\"AggregateEventEntry\"")) {
            row.next();
            return row.getLong(1);
        } catch (SQLException e) {
            throw new BenchException("Counting Axon's events: " + e.getMessage(), e);
        }
    }

    private void execute(String sql) {
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new BenchException(sql + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        engine.close();
        factory.close();
        execute("DROP SCHEMA IF EXISTS " + SCHEMA + " CASCADE");
    }

    /** One entity manager and one transaction a thread, as Spring's would be. */
    private static final class Sessions implements TransactionManager {
        private final EntityManagerFactory factory;

        @SuppressWarnings("ThreadLocalUsage") // each storage has its own
        private final ThreadLocal<@Nullable EntityManager> current = new ThreadLocal<>();

        Sessions(EntityManagerFactory factory) {
            this.factory = factory;
        }

        /** That of the thread's transaction; the engine closes it too early, so that is ignored. */
        EntityManager current() {
            EntityManager manager = current.get();
            if (manager == null) {
                throw new IllegalStateException("there is no transaction");
            }
            return (EntityManager)
                    Proxy.newProxyInstance(
                            EntityManager.class.getClassLoader(),
                            new Class<?>[] {EntityManager.class},
                            (proxy, method, arguments) -> {
                                if (method.getName().equals("close")) {
                                    return null;
                                }
                                try {
                                    return method.invoke(manager, arguments);
                                } catch (InvocationTargetException e) {
                                    throw e.getCause();
                                }
                            });
        }

        @Override
        public Transaction startTransaction() {
            EntityManager manager = factory.createEntityManager();
            EntityTransaction transaction = manager.getTransaction();
            transaction.begin();
            current.set(manager);
            return new Transaction() {
                @Override
                public void commit() {
                    try (manager) {
                        current.remove();
                        transaction.commit();
                    }
                }

                @Override
                public void rollback() {
                    try (manager) {
                        current.remove();
                        transaction.rollback();
                    }
                }
            };
        }

        @Override
        public void registerHandlers(ProcessingLifecycle lifecycle) {}
    }
}
