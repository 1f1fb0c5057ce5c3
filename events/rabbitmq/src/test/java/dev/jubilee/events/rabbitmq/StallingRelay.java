package dev.jubilee.events.rabbitmq;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/**
 * The way to a server that takes only so much of each connection, as one without memory, or that
 * stalls when told to: connections stay open, and nothing passes any more.
 */
final class StallingRelay implements AutoCloseable {
    private static final int READS = 1_000_000;

    private final RabbitSettings to;
    private final ServerSocket listening;
    private volatile boolean stalled;

    StallingRelay(RabbitSettings to) throws IOException {
        this.to = to;
        this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    /** Those of the server, by this way. */
    RabbitSettings settings() {
        return RabbitSettings.at("127.0.0.1", listening.getLocalPort())
                .withLogin(to.username(), to.password(), to.virtualHost());
    }

    void stall() {
        stalled = true;
    }

    private void accept() {
        try {
            while (true) {
                Socket from = listening.accept();
                Socket onward = new Socket(to.host(), to.port());
                Thread.ofVirtual().start(() -> copy(from, onward, READS));
                Thread.ofVirtual().start(() -> copy(onward, from, Integer.MAX_VALUE));
            }
        } catch (IOException e) {
            // Closed: the test is over.
        }
    }

    private void copy(Socket from, Socket onward, int most) {
        try {
            InputStream in = from.getInputStream();
            byte[] buffer = new byte[8192];
            for (int left = most; left > 0; ) {
                int read = in.read(buffer);
                if (stalled) {
                    return;
                }
                if (read < 0) {
                    onward.close();
                    return;
                }
                onward.getOutputStream().write(buffer, 0, read);
                left -= read;
            }
        } catch (IOException e) {
            // One side is gone: the test sees what that means.
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
    }
}
