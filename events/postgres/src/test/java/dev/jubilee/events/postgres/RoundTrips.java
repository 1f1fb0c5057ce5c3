package dev.jubilee.events.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Stands between a client and PostgreSQL, and counts round trips: how often the client spoke after
 * the server had. However many packets a question or an answer takes, that is one.
 */
public final class RoundTrips implements AutoCloseable {
    private final ServerSocket listening;
    private final int server;
    private final AtomicInteger count = new AtomicInteger();
    private final List<Socket> open = new CopyOnWriteArrayList<>();

    /** One connection, of which either side spoke last. */
    private final class Talk {
        private boolean serverSpoke = true;

        synchronized void client() {
            if (serverSpoke) {
                count.incrementAndGet();
                serverSpoke = false;
            }
        }

        synchronized void server() {
            serverSpoke = true;
        }
    }

    public RoundTrips(TestPostgres postgres) {
        this.server = postgres.port();
        try {
            listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().start(this::accept);
    }

    /** Where a driver finds it. */
    public String url() {
        return "jdbc:postgresql://127.0.0.1:"
                + listening.getLocalPort()
                + "/postgres?user=postgres";
    }

    /** Of all connections, since the beginning. */
    public int count() {
        return count.get();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listening.accept();
                Socket there = new Socket(InetAddress.getLoopbackAddress(), server);
                client.setTcpNoDelay(true);
                there.setTcpNoDelay(true);
                open.addAll(List.of(client, there));
                Talk talk = new Talk();
                Thread.ofPlatform().daemon().start(() -> carry(client, there, talk::client));
                Thread.ofPlatform().daemon().start(() -> carry(there, client, talk::server));
            }
        } catch (IOException e) {
            // It was closed.
        }
    }

    private static void carry(Socket from, Socket to, Runnable spoke) {
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream()) {
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                spoke.run();
                out.write(buffer, 0, length);
            }
        } catch (IOException e) {
            // One side hung up.
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
        for (Socket socket : open) {
            socket.close();
        }
    }
}
