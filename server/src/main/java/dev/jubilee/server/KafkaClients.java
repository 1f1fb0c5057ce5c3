package dev.jubilee.server;

import dev.jubilee.server.config.ServerSettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthenticationException;

/** What all clients of Kafka have in common: where it is, and how they are let in. */
final class KafkaClients {
    private static final int PATIENCE_MILLIS = 10_000;

    private KafkaClients() {}

    /** Every client is made with these, and with what is its own. */
    static Map<String, Object> settings(ServerSettings server, String group) {
        Map<String, Object> kafka = new HashMap<>(server.kafkaSecurity().properties());
        kafka.put(
                "bootstrap.servers",
                Objects.requireNonNull(server.kafkaBrokers(), "KAFKA_BROKERS is not set"));
        kafka.put("client.id", server.kafkaClientId());
        kafka.put("group.id", group);
        kafka.put("session.timeout.ms", Math.toIntExact(server.kafkaSession().toMillis()));
        kafka.put("heartbeat.interval.ms", Math.toIntExact(server.kafkaHeartbeat().toMillis()));
        return kafka;
    }

    /**
     * The first client; where it cannot be made or is not let in, none could.
     *
     * @throws IllegalStateException saying in one line what is wrong with the settings
     */
    static Admin admin(ServerSettings server, Map<String, Object> kafka) {
        Admin admin;
        try {
            admin = Admin.create(kafka);
        } catch (KafkaException e) {
            throw new IllegalStateException(
                    "No client of Kafka can be made with the KAFKA_ settings: " + reasons(e), e);
        }
        try {
            if (server.kafkaSecurity().isSet()) {
                requireEntry(admin);
            }
            return admin;
        } catch (RuntimeException e) {
            admin.close();
            throw e;
        }
    }

    /** That Kafka does not answer at all is Health's to tell, as ever. */
    private static void requireEntry(Admin admin) {
        try {
            admin.describeCluster(new DescribeClusterOptions().timeoutMs(PATIENCE_MILLIS))
                    .nodes()
                    .get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof AuthenticationException refusal) {
                throw new IllegalStateException(
                        "Kafka does not let the program in: " + reasons(refusal), e);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static String reasons(Throwable failure) {
        List<String> reasons = new ArrayList<>();
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String said = cause.getMessage();
            // Many carry no more than the name and message of what they wrap.
            boolean repeats = cause.getCause() != null && cause.getCause().toString().equals(said);
            if (said != null && !repeats && !reasons.contains(said)) {
                reasons.add(said);
            }
        }
        return String.join(": ", reasons);
    }
}
