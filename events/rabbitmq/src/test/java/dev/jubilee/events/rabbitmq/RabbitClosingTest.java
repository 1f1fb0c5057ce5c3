package dev.jubilee.events.rabbitmq;

import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.tck.Await;
import dev.jubilee.events.tck.servers.RabbitMqServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealRabbitMq.class)
class RabbitClosingTest {
    /** More than the buffers on the way hold. */
    private static final int EVENTS = 500;

    private record Blob(String text) {}

    private final EventRegistry registry =
            EventRegistry.builder().type("tck.blob", Blob.class).build();
    private final EventFactory events =
            new EventFactory(registry, InstantSource.system(), "tck", "test");
    private final RabbitSettings settings;

    RabbitClosingTest(RabbitMqServer server) {
        this.settings = RabbitSettings.fromEnvironment(server.environment());
    }

    /** The way to a server that reads only so much of each connection, as one without memory. */
    private static final class StallingRelay implements AutoCloseable {
        private static final int READS = 1_000_000;

        private final ServerSocket listening;

        StallingRelay(RabbitSettings to) throws IOException {
            listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            Thread.ofVirtual().start(() -> accept(to));
        }

        int port() {
            return listening.getLocalPort();
        }

        private void accept(RabbitSettings to) {
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

        private static void copy(Socket from, Socket to, int most) {
            try {
                InputStream in = from.getInputStream();
                byte[] buffer = new byte[8192];
                for (int left = most; left > 0; ) {
                    int read = in.read(buffer);
                    if (read < 0) {
                        to.close();
                        return;
                    }
                    to.getOutputStream().write(buffer, 0, read);
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

    @Test
    void closingDoesNotWaitForAServerThatReadsNoMore() throws Exception {
        try (StallingRelay relay = new StallingRelay(settings)) {
            RabbitEventBus bus =
                    new RabbitEventBus(
                            new RabbitSettings(
                                    "127.0.0.1",
                                    relay.port(),
                                    settings.username(),
                                    settings.password(),
                                    settings.virtualHost(),
                                    settings.exchange(),
                                    settings.unconfirmed(),
                                    settings.patience(),
                                    settings.bus()),
                            new JsonEventCodec(registry));
            Blob blob = new Blob("x".repeat(100_000));
            AtomicInteger sent = new AtomicInteger();
            CompletableFuture<Void> publishing =
                    CompletableFuture.runAsync(
                            () -> {
                                for (int i = 0; i < EVENTS; i++) {
                                    var unused = bus.publishAsync(events.domain("blob", "b", blob));
                                    sent.incrementAndGet();
                                }
                            },
                            Thread::startVirtualThread);
            Await.until(
                    "nothing moves",
                    () -> {
                        int before = sent.get();
                        try {
                            publishing.get(500, TimeUnit.MILLISECONDS);
                        } catch (TimeoutException e) {
                            return before > 0 && before == sent.get();
                        }
                        throw new IllegalStateException("all were sent");
                    });

            CompletableFuture.runAsync(bus::close, Thread::startVirtualThread)
                    .get(30, TimeUnit.SECONDS);

            publishing.exceptionally(closed -> null).get(30, TimeUnit.SECONDS);
        }
    }
}
