package dev.jubilee.server.embedded;

import java.io.IOException;
import java.io.PrintStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.Feature;

/**
 * The child process that is the embedded Kafka. Says {@link #READY} on standard output when it
 * serves, and ends in order when its standard input closes.
 */
public final class KafkaNode {
    static final String READY = "ready";

    private KafkaNode() {}

    /** Runs the node whose configuration file is the one argument. */
    public static void main(String[] arguments) throws IOException {
        Properties configuration = new Properties();
        try (Reader reader = Files.newBufferedReader(Path.of(arguments[0]))) {
            configuration.load(reader);
        }
        try {
            format(configuration);
            KafkaRaftServer server =
                    new KafkaRaftServer(
                            new KafkaConfig(Map.copyOf(asMap(configuration))), Time.SYSTEM);
            server.startup();
            PrintStream output = new PrintStream(System.out, true, StandardCharsets.UTF_8);
            output.println(READY);
            awaitEndOfInput();
            server.shutdown();
            server.awaitShutdown();
            System.exit(0);
        } catch (Exception e) {
            System.err.println("Error: " + e.getMessage());
            e.printStackTrace();
            Runtime.getRuntime().halt(1);
        }
    }

    private static void format(Properties configuration) throws Exception {
        Path data = Path.of(configuration.getProperty("log.dirs"));
        Files.createDirectories(data);
        if (Files.exists(data.resolve("meta.properties"))) {
            return;
        }
        new Formatter()
                .setPrintStream(System.err)
                .setSupportedFeatures(Feature.PRODUCTION_FEATURES)
                .setNodeId(Integer.parseInt(configuration.getProperty("node.id")))
                .setClusterId(Uuid.randomUuid().toString())
                .setControllerListenerName(configuration.getProperty("controller.listener.names"))
                .setDirectories(List.of(data.toString()))
                .setMetadataLogDirectory(data.toString())
                .setIgnoreFormatted(true)
                .run();
    }

    private static Map<String, String> asMap(Properties properties) {
        Map<String, String> map = new java.util.HashMap<>();
        properties
                .stringPropertyNames()
                .forEach(name -> map.put(name, properties.getProperty(name)));
        return map;
    }

    private static void awaitEndOfInput() throws IOException {
        while (System.in.read() >= 0) {
            // Nothing is ever sent: only the end matters.
        }
    }
}
