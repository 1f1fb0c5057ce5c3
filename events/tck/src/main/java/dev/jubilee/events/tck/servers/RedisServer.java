package dev.jubilee.events.tck.servers;

import dev.jubilee.events.tck.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/**
 * A Redis on loopback, from the machine's package {@code redis-server}, that writes every command
 * to disk before it answers. With {@code REDIS_URL} set it is that server; tests that kill it are
 * then not run, and say so.
 */
public final class RedisServer implements AutoCloseable {
    private static final Path PROGRAM = Path.of("/usr/bin/redis-server");
    private static final byte[] PING = "PING\r\n".getBytes(StandardCharsets.US_ASCII);

    private final String uri;
    private final int port;
    private final @Nullable Path folder;
    private @Nullable PrivateProcess process;

    /**
     * Starts one, or finds that of the environment.
     *
     * @throws IllegalStateException in one line, if there is none and none can be installed
     */
    public RedisServer() {
        String given = System.getenv("REDIS_URL");
        if (given != null) {
            uri = given;
            port = 0;
            folder = null;
            return;
        }
        DebianPackage.require("redis-server", PROGRAM, "REDIS_URL");
        port = FreePort.find();
        uri = "redis://127.0.0.1:" + port;
        folder = PrivateProcess.folder("tck-redis-");
        start(folder);
    }

    /** Such as {@code redis://127.0.0.1:6379}. */
    public String uri() {
        return uri;
    }

    /**
     * Kills the server and starts it again on its data.
     *
     * @throws org.opentest4j.TestAbortedException if it is not ours
     */
    public void restart() {
        kill();
        start();
    }

    /**
     * Kills the server, which may be started again.
     *
     * @throws org.opentest4j.TestAbortedException if it is not ours
     */
    public void kill() {
        if (process == null) {
            Assumptions.abort("the server of REDIS_URL is not killed by a test");
        } else {
            process.kill();
        }
    }

    /** Starts the server on its data after it was killed, and returns when it answers. */
    public void start() {
        if (folder != null) {
            start(folder);
        }
    }

    @Override
    public void close() {
        if (process != null) {
            process.kill();
        }
        if (folder != null) {
            PrivateProcess.delete(folder);
        }
    }

    private void start(Path data) {
        List<String> command =
                List.of(
                        PROGRAM.toString(),
                        "--port",
                        Integer.toString(port),
                        "--bind",
                        "127.0.0.1",
                        "--dir",
                        data.toString(),
                        "--appendonly",
                        "yes",
                        "--appendfsync",
                        "always",
                        "--save",
                        "");
        process = PrivateProcess.start(command, Map.of(), data);
        Await.until("Redis answers", this::answers);
    }

    private boolean answers() throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
            socket.setSoTimeout(1000);
            socket.getOutputStream().write(PING);
            return socket.getInputStream().read() == '+';
        }
    }
}
