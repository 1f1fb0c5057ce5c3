package dev.jubilee.server.testing;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The way to a server on this machine. Frozen, what is connected stays so and hears nothing more,
 * as when a machine loses its power; who connects afterwards gets through.
 */
public final class FrozenRelay implements AutoCloseable {
    private final int port;
    private final ServerSocket listening;
    private final AtomicInteger frozen = new AtomicInteger();

    public FrozenRelay(int port) throws IOException {
        this.port = port;
        this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    public int port() {
        return listening.getLocalPort();
    }

    /** Nothing passes any more on the connections that there are. */
    public void freeze() {
        frozen.incrementAndGet();
    }

    private void accept() {
        try {
            while (true) {
                Socket from = listening.accept();
                Socket onward = new Socket(InetAddress.getLoopbackAddress(), port);
                int age = frozen.get();
                Thread.ofVirtual().start(() -> copy(from, onward, age));
                Thread.ofVirtual().start(() -> copy(onward, from, age));
            }
        } catch (IOException e) {
            // Closed: the test is over.
        }
    }

    private void copy(Socket from, Socket onward, int age) {
        try {
            InputStream in = from.getInputStream();
            byte[] buffer = new byte[8192];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                if (frozen.get() != age) {
                    return;
                }
                onward.getOutputStream().write(buffer, 0, read);
            }
            onward.close();
        } catch (IOException e) {
            // One side is gone: the test sees what that means.
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
    }
}
