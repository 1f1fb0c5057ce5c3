package dev.jubilee.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;

/**
 * Kafka's own producer tool, at its defaults ({@code acks=all}, idempotent), into a topic of six
 * partitions of the same broker.
 */
final class KafkaYardstick {
    private static final String TOPIC = "bench-yardstick";
    private static final Pattern TOTAL =
            Pattern.compile("^(\\d+) records sent, ([0-9.]+) records/sec");

    private KafkaYardstick() {}

    /**
     * Sends so many events, drawn from a file of one a line.
     *
     * @return events a second
     */
    static double eventsPerSecond(Installation at, Path lines, int events) {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", at.brokers()))) {
            admin.createTopics(List.of(new NewTopic(TOPIC, 6, (short) 1))).all().get();
            try {
                return run(at, lines, events);
            } finally {
                admin.deleteTopics(List.of(TOPIC)).all().get();
            }
        } catch (ExecutionException e) {
            throw new BenchException("Kafka's yardstick: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted", e);
        }
    }

    private static double run(Installation at, Path lines, int events) throws InterruptedException {
        List<String> command =
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx512m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "-Dlogback.configurationFile=logback-kafka.xml",
                        "org.apache.kafka.tools.ProducerPerformance",
                        "--topic",
                        TOPIC,
                        "--num-records",
                        Integer.toString(events),
                        "--payload-file",
                        lines.toString(),
                        "--throughput",
                        "-1",
                        "--bootstrap-server",
                        at.brokers());
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            double rate = 0;
            String last = "";
            try (BufferedReader reader =
                    new BufferedReader(
                            new InputStreamReader(
                                    process.getInputStream(), StandardCharsets.UTF_8))) {
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    Matcher total = TOTAL.matcher(line);
                    if (total.find()) {
                        rate = Double.parseDouble(total.group(2));
                    }
                    last = line;
                }
            }
            if (process.waitFor() != 0 || rate == 0) {
                throw new BenchException("Kafka's producer tool failed: " + last);
            }
            return rate;
        } catch (IOException e) {
            throw new BenchException("Kafka's producer tool cannot be run: " + e.getMessage(), e);
        }
    }
}
