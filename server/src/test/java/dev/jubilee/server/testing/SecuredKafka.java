package dev.jubilee.server.testing;

import dev.jubilee.events.tck.servers.FreePort;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.Feature;

/**
 * A real Kafka of one node, in this process, that speaks TLS and lets nobody in but {@link #USER}.
 */
public final class SecuredKafka implements AutoCloseable {
    public static final String USER = "jubilee";
    public static final String PASSWORD = "a secret";

    private final int port = FreePort.find();
    private final SelfSigned certificate;
    private final KafkaRaftServer server;

    /**
     * @param folder for its data and its certificate; stays
     */
    public SecuredKafka(Path folder) throws Exception {
        Path data = folder.resolve("data");
        format(data);
        certificate = SelfSigned.in(folder);
        server = new KafkaRaftServer(new KafkaConfig(configuration(data)), Time.SYSTEM);
        server.startup();
    }

    public String brokers() {
        return "127.0.0.1:" + port;
    }

    /** What shows its clients whom they speak to: a PEM file. */
    public Path certificate() {
        return certificate.pem();
    }

    /** What a client logs in with. */
    public static String login(String password) {
        return "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"%s\" password=\"%s\";"
                .formatted(USER, password);
    }

    private static void format(Path folder) throws Exception {
        Files.createDirectories(folder);
        new Formatter()
                .setPrintStream(
                        new PrintStream(
                                OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8))
                .setSupportedFeatures(Feature.PRODUCTION_FEATURES)
                .setNodeId(1)
                .setClusterId(Uuid.randomUuid().toString())
                .setControllerListenerName("CONTROLLER")
                .setDirectories(List.of(folder.toString()))
                .setMetadataLogDirectory(folder.toString())
                .run();
    }

    private Map<String, String> configuration(Path folder) {
        int controller = FreePort.find();
        Map<String, String> all = new HashMap<>();
        all.put("process.roles", "broker,controller");
        all.put("node.id", "1");
        all.put("controller.quorum.voters", "1@127.0.0.1:" + controller);
        all.put(
                "listeners",
                "SASL_SSL://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d".formatted(port, controller));
        all.put("advertised.listeners", "SASL_SSL://" + brokers());
        all.put("listener.security.protocol.map", "CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL");
        all.put("controller.listener.names", "CONTROLLER");
        all.put("inter.broker.listener.name", "SASL_SSL");
        all.put("sasl.mechanism.inter.broker.protocol", "PLAIN");
        all.put("sasl.enabled.mechanisms", "PLAIN");
        all.put(
                "listener.name.sasl_ssl.plain.sasl.jaas.config",
                login(PASSWORD).replace(";", " user_%s=\"%s\";".formatted(USER, PASSWORD)));
        all.put("ssl.keystore.type", "PKCS12");
        all.put("ssl.keystore.location", certificate.store().toString());
        all.put("ssl.keystore.password", SelfSigned.PASSWORD);
        // The broker is a client of its own as well.
        all.put("ssl.truststore.type", "PEM");
        all.put("ssl.truststore.location", certificate.pem().toString());
        all.put("log.dirs", folder.toString());
        all.put("auto.create.topics.enable", "false");
        for (String topic :
                List.of(
                        "offsets.topic",
                        "transaction.state.log",
                        "share.coordinator.state.topic")) {
            all.put(topic + ".replication.factor", "1");
            all.put(topic + ".num.partitions", "1");
        }
        all.put("transaction.state.log.min.isr", "1");
        all.put("group.initial.rebalance.delay.ms", "0");
        all.put("log.cleaner.dedupe.buffer.size", "8388608");
        return all;
    }

    @Override
    public void close() {
        server.shutdown();
        server.awaitShutdown();
    }
}
