package dev.jubilee.server.embedded;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The loopback ports of the embedded servers, kept in the data folder so that they stay the same
 * from one start to the next.
 *
 * <p>They are taken from below the range that operating systems hand to outgoing connections: a
 * server that is restarted finds its port free.
 */
final class Ports {
    private static final int FIRST = 15_000;
    private static final int LAST = 32_000;
    private static final int TRIES = 200;

    private final Path file;
    private final Properties known = new Properties();
    private final Set<Integer> given = new TreeSet<>();

    Ports(Path home) {
        this.file = home.resolve("ports.properties");
        if (Files.exists(file)) {
            try (Reader reader = Files.newBufferedReader(file)) {
                known.load(reader);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /**
     * The wanted port if there is one, else the remembered one if it is still free, else a free
     * one.
     */
    int portOf(String server, OptionalInt wanted) {
        int port = wanted.isPresent() ? fixed(server, wanted.getAsInt()) : remembered(server);
        given.add(port);
        if (wanted.isEmpty()) {
            known.setProperty(server, Integer.toString(port));
        }
        return port;
    }

    void save() {
        try (Writer writer = Files.newBufferedWriter(file)) {
            known.store(
                    writer, "Ports of the embedded servers; remove a line to have another chosen");
        } catch (IOException e) {
            throw new EmbeddedException("Cannot write " + file + ": " + HomeLock.reason(e), e);
        }
    }

    private static int fixed(String server, int port) {
        if (!free(port)) {
            throw new EmbeddedException(
                    "Port "
                            + port
                            + ", which the settings give to the embedded "
                            + server
                            + ", is taken.");
        }
        return port;
    }

    private int remembered(String server) {
        String last = known.getProperty(server);
        if (last != null && last.matches("\\d{1,5}") && usable(Integer.parseInt(last))) {
            return Integer.parseInt(last);
        }
        for (int i = 0; i < TRIES; i++) {
            int port = ThreadLocalRandom.current().nextInt(FIRST, LAST);
            if (usable(port)) {
                return port;
            }
        }
        throw new EmbeddedException(
                "No free port between " + FIRST + " and " + LAST + " on loopback.");
    }

    private boolean usable(int port) {
        return !given.contains(port) && free(port);
    }

    private static boolean free(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
