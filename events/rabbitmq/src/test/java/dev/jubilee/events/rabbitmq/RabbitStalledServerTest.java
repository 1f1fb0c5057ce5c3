package dev.jubilee.events.rabbitmq;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.tck.Await;
import dev.jubilee.events.tck.servers.RabbitMqServer;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealRabbitMq.class)
class RabbitStalledServerTest {
    /** More than the buffers on the way hold. */
    private static final int EVENTS = 500;

    private record Blob(String text) {}

    private final EventRegistry registry =
            EventRegistry.builder().type("tck.blob", Blob.class).build();
    private final EventFactory events =
            new EventFactory(registry, InstantSource.system(), "tck", "test");
    private final RabbitSettings settings;

    RabbitStalledServerTest(RabbitMqServer server) {
        this.settings = RabbitSettings.fromEnvironment(server.environment());
    }

    @Test
    void closingDoesNotWaitForAServerThatReadsNoMore() throws Exception {
        try (StallingRelay relay = new StallingRelay(settings)) {
            RabbitEventBus bus = new RabbitEventBus(relay.settings(), new JsonEventCodec(registry));
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
                    .get(25, TimeUnit.SECONDS);

            publishing.exceptionally(closed -> null).get(25, TimeUnit.SECONDS);
        }
    }

    @Test
    void aServerThatAnswersNothingIsNotAskedForLongerThanAllowed() throws Exception {
        try (StallingRelay relay = new StallingRelay(settings);
                RabbitEventBus bus =
                        new RabbitEventBus(relay.settings(), new JsonEventCodec(registry))) {
            bus.ping(Duration.ofMinutes(2));
            relay.stall();

            for (int asked = 1; asked <= 2; asked++) {
                CompletableFuture<Void> ping =
                        CompletableFuture.runAsync(
                                () -> bus.ping(Duration.ofMillis(100)), Thread::startVirtualThread);

                assertThatThrownBy(() -> ping.get(20, TimeUnit.SECONDS))
                        .hasCauseInstanceOf(UncheckedIOException.class)
                        .hasMessageContaining("no answer from");
            }
        }
    }
}
