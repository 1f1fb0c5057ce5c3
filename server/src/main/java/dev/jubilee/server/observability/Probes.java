package dev.jubilee.server.observability;

import dev.jubilee.server.database.Database;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClusterOptions;

/** The signs of life of the two servers that everything stands on. */
public final class Probes {
    /** The name under which {@link Health} knows PostgreSQL. */
    public static final String POSTGRESQL = "postgresql";

    /** The name under which {@link Health} knows Kafka. */
    public static final String KAFKA = "kafka";

    private static final int TIMEOUT_MILLIS = 2_000;

    private Probes() {}

    /** PostgreSQL answers a statement. */
    public static Health.Probe postgresql(Database database) {
        return () ->
                database.read(connection -> {
                    try (var statement = connection.createStatement()) {
                        statement.setQueryTimeout(TIMEOUT_MILLIS / 1_000);
                        return statement.execute("SELECT 1");
                    }
                });
    }

    /** Kafka's controller and at least one broker answer. */
    public static Health.Probe kafka(Admin admin) {
        return () -> {
            var nodes =
                    admin.describeCluster(new DescribeClusterOptions().timeoutMs(TIMEOUT_MILLIS))
                            .nodes()
                            .get(TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
            if (nodes.isEmpty()) {
                throw new IllegalStateException("Kafka has no brokers");
            }
        };
    }
}
