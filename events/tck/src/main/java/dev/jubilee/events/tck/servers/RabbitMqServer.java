package dev.jubilee.events.tck.servers;

import dev.jubilee.events.tck.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/**
 * A RabbitMQ of one node, on loopback, from the machine's package {@code rabbitmq-server}. With
 * {@code RABBITMQ_HOST} set it is that server; tests that kill it are then not run, and say so.
 */
public final class RabbitMqServer implements AutoCloseable {
    private static final Path PROGRAM = Path.of("/usr/lib/rabbitmq/bin/rabbitmq-server");
    private static final Path CONTROL = Path.of("/usr/lib/rabbitmq/bin/rabbitmqctl");
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final byte[] GREETING =
            "AMQP\0\0\u0009\u0001".getBytes(StandardCharsets.US_ASCII);

    private final String host;
    private final int port;
    private final @Nullable Own own;

    /** A node of our own. */
    private static final class Own {
        final String arguments;
        final Path folder = PrivateProcess.folder("tck-rabbitmq-");
        final int epmdPort = FreePort.find();
        final int distributionPort = FreePort.find();
        final String node = "tck-" + UUID.randomUUID() + "@localhost";
        final PrivateProcess epmd;
        @Nullable PrivateProcess server;

        Own(String arguments) {
            this.arguments = arguments;
            epmd =
                    PrivateProcess.start(
                            List.of("epmd", "-port", Integer.toString(epmdPort)),
                            Map.of("ERL_EPMD_ADDRESS", "127.0.0.1"),
                            folder);
        }

        void start(int port) {
            server = PrivateProcess.start(List.of(PROGRAM.toString()), environment(port), folder);
        }

        Map<String, String> environment(int port) {
            return Map.ofEntries(
                    Map.entry("HOME", folder.toString()),
                    Map.entry("RABBITMQ_NODENAME", node),
                    Map.entry("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1"),
                    Map.entry("RABBITMQ_NODE_PORT", Integer.toString(port)),
                    Map.entry("RABBITMQ_DIST_PORT", Integer.toString(distributionPort)),
                    Map.entry("ERL_EPMD_PORT", Integer.toString(epmdPort)),
                    Map.entry("RABBITMQ_MNESIA_BASE", folder.resolve("data").toString()),
                    Map.entry("RABBITMQ_LOG_BASE", folder.resolve("log").toString()),
                    Map.entry("RABBITMQ_CONFIG_FILE", folder.resolve("rabbitmq").toString()),
                    Map.entry(
                            "RABBITMQ_ENABLED_PLUGINS_FILE",
                            folder.resolve("enabled_plugins").toString()),
                    Map.entry(
                            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                            "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 " + arguments),
                    Map.entry("LC_ALL", "C.UTF-8"));
        }
    }

    /**
     * Starts one, or finds that of the environment.
     *
     * @throws IllegalStateException in one line, if there is none and none can be installed
     */
    public RabbitMqServer() {
        String given = System.getenv("RABBITMQ_HOST");
        if (given != null) {
            host = given;
            String givenPort = System.getenv("RABBITMQ_PORT");
            port = givenPort == null ? 5672 : Integer.parseInt(givenPort);
            own = null;
            return;
        }
        host = "127.0.0.1";
        port = FreePort.find();
        own = start("", port);
    }

    private RabbitMqServer(String arguments) {
        host = "127.0.0.1";
        port = FreePort.find();
        own = start(arguments, port);
    }

    /**
     * One of our own, whatever the environment says, that takes back what is not acknowledged in
     * this time.
     */
    public static RabbitMqServer acknowledgedWithin(Duration timeout) {
        return new RabbitMqServer(
                "-rabbit consumer_timeout %d -rabbit channel_tick_interval 100"
                        .formatted(timeout.toMillis()));
    }

    /**
     * One of our own, whatever the environment says, whose queues take so few commands of a channel
     * at a time as if its disk were slow; the rest waits at the channel.
     */
    public static RabbitMqServer ofSlowQueues() {
        return new RabbitMqServer("-rabbit quorum_commands_soft_limit 1");
    }

    private Own start(String arguments, int at) {
        DebianPackage.require("rabbitmq-server", PROGRAM, "RABBITMQ_HOST");
        Own made = new Own(arguments);
        cookie(made.folder.resolve(".erlang.cookie"));
        made.start(at);
        awaitReady(made);
        return made;
    }

    public String host() {
        return host;
    }

    public int port() {
        return port;
    }

    /** The variables by which a program finds it. */
    public Map<String, String> environment() {
        if (own != null) {
            return Map.of("RABBITMQ_HOST", host, "RABBITMQ_PORT", Integer.toString(port));
        }
        return System.getenv();
    }

    /**
     * Kills the node and starts it again on its data.
     *
     * @throws org.opentest4j.TestAbortedException if it is not ours
     */
    public void restart() {
        kill();
        start();
    }

    /**
     * Kills the node, which loses what it did not write.
     *
     * @throws org.opentest4j.TestAbortedException if it is not ours
     */
    public void kill() {
        Own mine = own();
        if (mine.server != null) {
            mine.server.kill();
        }
    }

    /** Starts the node on its data after it was killed, and returns when it answers. */
    public void start() {
        own().start(port);
        awaitReady(own());
    }

    /**
     * Has the node take nothing, as one does whose memory is used up, or take messages again.
     *
     * @throws org.opentest4j.TestAbortedException if it is not ours
     */
    public void memoryUsedUp(boolean usedUp) {
        Own mine = own();
        ProcessBuilder control =
                new ProcessBuilder(
                        CONTROL.toString(),
                        "-n",
                        mine.node,
                        "set_vm_memory_high_watermark",
                        usedUp ? "0" : "0.4");
        control.environment().putAll(mine.environment(port));
        control.directory(mine.folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(mine.folder.resolve("control.log").toFile());
        try {
            int ended = control.start().waitFor();
            if (ended != 0) {
                throw new IllegalStateException(
                        "rabbitmqctl: " + Files.readString(mine.folder.resolve("control.log")));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Own own() {
        if (own == null) {
            return Assumptions.abort("the server of RABBITMQ_HOST is not harmed by a test");
        }
        return own;
    }

    @Override
    public void close() {
        if (own != null) {
            kill();
            own.epmd.kill();
            PrivateProcess.delete(own.folder);
        }
    }

    private static void cookie(Path file) {
        try {
            Files.writeString(file, "TCK" + UUID.randomUUID());
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--------"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void awaitReady(Own started) {
        try {
            Await.until("RabbitMQ answers", PATIENCE, this::answers);
        } catch (AssertionError e) {
            String log = started.server == null ? "" : started.server.log();
            throw new IllegalStateException("RabbitMQ did not start: " + log, e);
        }
    }

    /** It speaks AMQP: it sends the first frame of a connection. */
    private boolean answers() throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
            socket.setSoTimeout(5000);
            socket.getOutputStream().write(GREETING);
            return socket.getInputStream().read() == 1;
        }
    }
}
