package dev.jubilee.server.embedded;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A Kafka of one node, broker and controller in one JVM of its own, on loopback.
 *
 * <p>An acknowledged record is in the page cache: it survives the death of any process, not that of
 * the machine.
 */
final class KafkaServer implements ChildServer {
    private static final long PATIENCE_SECONDS = 120;
    private static final long ORPHAN_PATIENCE_SECONDS = 30;

    private final Path folder;
    private final Path log;
    private final int port;
    private final int controllerPort;
    private final List<String> jvm;

    KafkaServer(Path folder, Path log, int port, int controllerPort, List<String> jvm) {
        this.folder = folder;
        this.log = log;
        this.port = port;
        this.controllerPort = controllerPort;
        this.jvm = List.copyOf(jvm);
    }

    @Override
    public String name() {
        return "Kafka";
    }

    String brokers() {
        return "127.0.0.1:" + port;
    }

    @Override
    public ChildProcess start() throws InterruptedException {
        try {
            Files.createDirectories(folder);
            endOrphanIn(folder);
            Path configuration = folder.resolve("node.properties");
            try (Writer writer = Files.newBufferedWriter(configuration)) {
                configuration().store(writer, "Written at every start");
            }
            ChildProcess child = ChildProcess.start(command(configuration), folder, log);
            try {
                remember(child);
                awaitReady(child);
                return child;
            } catch (EmbeddedException | IOException | InterruptedException e) {
                child.stop();
                throw e;
            }
        } catch (IOException e) {
            throw new EmbeddedException("Kafka in " + folder + ": " + HomeLock.reason(e), e);
        }
    }

    private List<String> command(Path configuration) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvm);
        command.add("-Dlogback.configurationFile=logback-kafka.xml");
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.addAll(List.of(KafkaNode.class.getName(), configuration.toString()));
        return command;
    }

    private Properties configuration() {
        Properties all = new Properties();
        all.setProperty("process.roles", "broker,controller");
        all.setProperty("node.id", "1");
        all.setProperty("controller.quorum.voters", "1@127.0.0.1:" + controllerPort);
        all.setProperty(
                "listeners",
                "PLAINTEXT://127.0.0.1:" + port + ",CONTROLLER://127.0.0.1:" + controllerPort);
        all.setProperty("advertised.listeners", "PLAINTEXT://127.0.0.1:" + port);
        all.setProperty("controller.listener.names", "CONTROLLER");
        all.setProperty("log.dirs", folder.resolve("data").toString());
        all.setProperty("auto.create.topics.enable", "false");
        oneNode(all);
        quickRestart(all);
        all.setProperty("num.network.threads", "2");
        all.setProperty("num.io.threads", "4");
        all.setProperty("num.recovery.threads.per.data.dir", "2");
        all.setProperty("socket.send.buffer.bytes", "1048576");
        all.setProperty("socket.receive.buffer.bytes", "1048576");
        // The default of 128 MiB would be half of the heap.
        all.setProperty("log.cleaner.dedupe.buffer.size", "8388608");
        all.setProperty("log.cleaner.io.buffer.size", "131072");
        return all;
    }

    private static void oneNode(Properties all) {
        all.setProperty("default.replication.factor", "1");
        all.setProperty("min.insync.replicas", "1");
        for (String topic :
                List.of(
                        "offsets.topic",
                        "transaction.state.log",
                        "share.coordinator.state.topic")) {
            all.setProperty(topic + ".replication.factor", "1");
            all.setProperty(topic + ".num.partitions", "4");
        }
        all.setProperty("transaction.state.log.min.isr", "1");
        all.setProperty("share.coordinator.state.topic.min.isr", "1");
    }

    private static void quickRestart(Properties all) {
        all.setProperty("group.initial.rebalance.delay.ms", "0");
        all.setProperty("broker.session.timeout.ms", "2000");
        all.setProperty("broker.heartbeat.interval.ms", "500");
        all.setProperty("metadata.max.idle.interval.ms", "5000");
    }

    private void awaitReady(ChildProcess child) throws InterruptedException {
        BufferedReader output = child.output();
        CompletableFuture<Boolean> ready = new CompletableFuture<>();
        Thread.ofPlatform().daemon().name("kafka-output").start(() -> drain(output, ready));
        try {
            if (!ready.get(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                child.await();
                throw new EmbeddedException("Kafka does not start: " + child.lastWords());
            }
        } catch (TimeoutException e) {
            throw new EmbeddedException("Kafka is not ready after " + PATIENCE_SECONDS + " s", e);
        } catch (ExecutionException e) {
            throw new EmbeddedException("Kafka does not start: " + e.getMessage(), e);
        }
    }

    /** Reads to the end, lest the child blocks on a full pipe. */
    private static void drain(BufferedReader output, CompletableFuture<Boolean> ready) {
        try (output) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                if (line.equals(KafkaNode.READY)) {
                    ready.complete(true);
                }
            }
        } catch (IOException e) {
            // The child is gone; that is what the end of the stream says as well.
        } finally {
            ready.complete(false);
        }
    }

    private void remember(ChildProcess child) throws IOException {
        String start =
                ProcessHandle.of(child.pid())
                        .flatMap(handle -> handle.info().startInstant())
                        .map(Instant::toString)
                        .orElse("");
        Files.writeString(folder.resolve("pid"), child.pid() + "\n" + start + "\n");
    }

    /**
     * A node whose program was killed is still closing its logs: waits for it, and ends it if it
     * hangs.
     */
    static void endOrphanIn(Path folder) throws IOException, InterruptedException {
        Path file = folder.resolve("pid");
        List<String> lines = Files.exists(file) ? Files.readAllLines(file) : List.of();
        if (lines.size() < 2 || !lines.getFirst().matches("\\d+")) {
            return;
        }
        ProcessHandle orphan =
                ProcessHandle.of(Long.parseLong(lines.getFirst()))
                        .filter(found ->
                                found.info()
                                        .startInstant()
                                        .map(Instant::toString)
                                        .orElse("")
                                        .equals(lines.get(1)))
                        .orElse(null);
        if (orphan != null) {
            try {
                orphan.onExit().get(ORPHAN_PATIENCE_SECONDS, TimeUnit.SECONDS);
            } catch (TimeoutException | ExecutionException e) {
                orphan.destroyForcibly();
                orphan.onExit().join();
            }
        }
        Files.deleteIfExists(file);
    }
}
