package dev.jubilee.events.kafka;

import dev.jubilee.events.tck.servers.FreePort;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.Feature;

/** A real Kafka of one node, in this process, in a folder that is deleted in the end. */
public final class TestKafka implements AutoCloseable {
    private final Path folder;
    private final int port = FreePort.find();
    private final int controllerPort = FreePort.find();
    private final Admin admin;
    private KafkaProducer<byte[], byte[]> producer;
    private KafkaRaftServer server;

    public TestKafka() {
        try {
            folder = Files.createTempDirectory("events-kafka-");
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
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        server = start();
        admin = Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, brokers()));
        producer = newProducer();
    }

    private KafkaProducer<byte[], byte[]> newProducer() {
        return new KafkaProducer<>(
                Map.of("bootstrap.servers", brokers(), "delivery.timeout.ms", 60_000),
                new ByteArraySerializer(),
                new ByteArraySerializer());
    }

    public String brokers() {
        return "127.0.0.1:" + port;
    }

    public Admin admin() {
        return admin;
    }

    void createTopic(String name, int partitions) throws Exception {
        admin.createTopics(List.of(new NewTopic(name, partitions, (short) 1))).all().get();
        // The controller has it; the broker learns of it a moment later.
        while (new TopicOffsets(admin).ids(List.of(name)).isEmpty()) {
            Thread.onSpinWait();
        }
        // A producer that is faster than the leaders may have its second batch taken before its
        // first, which is out of order from then on.
        new TopicOffsets(admin).ends(List.of(name));
    }

    void deleteTopic(String name) throws Exception {
        admin.deleteTopics(List.of(name)).all().get();
    }

    /** Sends these values to the partition, and returns once they are kept. */
    void send(String topic, int partition, List<String> values) throws Exception {
        send(producer, topic, partition, values);
    }

    /** The same, compressed by LZ4. */
    void sendCompressed(String topic, int partition, List<String> values) throws Exception {
        Map<String, Object> config =
                Map.of("bootstrap.servers", brokers(), "compression.type", "lz4");
        try (KafkaProducer<byte[], byte[]> compressing =
                new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
            send(compressing, topic, partition, values);
        }
    }

    private static void send(
            KafkaProducer<byte[], byte[]> by, String topic, int partition, List<String> values)
            throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (String value : values) {
            sent.add(
                    by.send(
                            new ProducerRecord<>(
                                    topic,
                                    partition,
                                    null,
                                    value.getBytes(StandardCharsets.UTF_8))));
        }
        by.flush();
        for (Future<RecordMetadata> one : sent) {
            one.get();
        }
    }

    /** Sends these values to the partition in a transaction, which is committed or not. */
    void sendInTransaction(String topic, int partition, List<String> values, boolean commit)
            throws Exception {
        Map<String, Object> config =
                Map.of("bootstrap.servers", brokers(), "transactional.id", "test-" + topic);
        try (KafkaProducer<byte[], byte[]> transactional =
                new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
            transactional.initTransactions();
            transactional.beginTransaction();
            send(transactional, topic, partition, values);
            if (commit) {
                transactional.commitTransaction();
            } else {
                transactional.abortTransaction();
            }
        }
    }

    void restart() {
        server.shutdown();
        server.awaitShutdown();
        server = start();
    }

    /** What of the partition's log has been written to the disk, say. */
    byte[] log(String topic, int partition) throws IOException {
        return Files.readAllBytes(segment(topic, partition));
    }

    /** Loses power, and with it what of the partition's log had not been written to the disk. */
    void losePower(String topic, int partition, byte[] log) throws IOException {
        // Its numbering of batches goes on where the broker no longer is.
        producer.close();
        server.shutdown();
        server.awaitShutdown();
        Files.delete(folder.resolve(".kafka_cleanshutdown"));
        Path segment = segment(topic, partition);
        try (Stream<Path> files = Files.list(segment.getParent())) {
            for (Path file : files.filter(TestKafka::isMadeFromTheLog).toList()) {
                Files.delete(file);
            }
        }
        Files.write(segment, log);
        server = start();
        producer = newProducer();
    }

    private static boolean isMadeFromTheLog(Path file) {
        return file.toString().endsWith("index") || file.toString().endsWith(".snapshot");
    }

    private Path segment(String topic, int partition) {
        return folder.resolve(topic + "-" + partition).resolve("00000000000000000000.log");
    }

    @Override
    public void close() {
        producer.close();
        admin.close();
        server.shutdown();
        server.awaitShutdown();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private KafkaRaftServer start() {
        KafkaRaftServer started =
                new KafkaRaftServer(
                        new KafkaConfig(
                                Map.ofEntries(
                                        Map.entry("process.roles", "broker,controller"),
                                        Map.entry("node.id", "1"),
                                        Map.entry(
                                                "controller.quorum.voters",
                                                "1@127.0.0.1:" + controllerPort),
                                        Map.entry(
                                                "listeners",
                                                "PLAINTEXT://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d"
                                                        .formatted(port, controllerPort)),
                                        Map.entry(
                                                "advertised.listeners", "PLAINTEXT://" + brokers()),
                                        Map.entry("controller.listener.names", "CONTROLLER"),
                                        Map.entry("log.dirs", folder.toString()),
                                        Map.entry("auto.create.topics.enable", "false"),
                                        Map.entry("offsets.topic.replication.factor", "1"),
                                        Map.entry("offsets.topic.num.partitions", "1"),
                                        Map.entry("transaction.state.log.replication.factor", "1"),
                                        Map.entry("transaction.state.log.num.partitions", "1"),
                                        Map.entry("transaction.state.log.min.isr", "1"),
                                        Map.entry("group.initial.rebalance.delay.ms", "0"),
                                        Map.entry("log.cleaner.dedupe.buffer.size", "8388608"))),
                        Time.SYSTEM);
        started.startup();
        return started;
    }
}
