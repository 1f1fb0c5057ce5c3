package dev.jubilee.events.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.RetryStrategy;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.TopicPattern;
import dev.jubilee.events.core.Dispatcher;
import dev.jubilee.events.core.HandlerSettings;
import dev.jubilee.events.core.Lifecycle;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.tck.Await;
import dev.jubilee.events.tck.servers.RabbitMqServer;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealRabbitMq.class)
class RabbitReceiverTest {
    private final RabbitSettings settings;
    private final String queue = "receiver-" + UUID.randomUUID();
    private final AtomicInteger opened = new AtomicInteger();

    RabbitReceiverTest(RabbitMqServer server) {
        this.settings = RabbitSettings.fromEnvironment(server.environment());
    }

    @Test
    void aSubscriptionThatEndsWhileItsChannelIsLostLeavesNoQueueThatFills() throws Exception {
        try (RabbitConnection connection = new RabbitConnection(settings, "test")) {
            RabbitTopology topology = new RabbitTopology(connection, "receivers");
            topology.exchange();
            RabbitReceiver receiver = receiver(connection, topology);
            receiver.start(Await.PATIENCE);
            assertThat(topology.hasQueue(queue)).isTrue();

            connection
                    .channel()
                    .basicPublish("", queue, null, "{".getBytes(StandardCharsets.UTF_8));
            Await.until("it tries to open another", () -> opened.get() > 1);
            receiver.end(false);

            // Who is just trying may make it once more, and deletes it then.
            Await.untilAsserted(
                    "its queue is gone", () -> assertThat(topology.hasQueue(queue)).isFalse());
        }
    }

    /** Its channel is lost with the first message, and others cannot be opened. */
    private RabbitReceiver receiver(RabbitConnection connection, RabbitTopology topology) {
        RabbitReceiver.Source source =
                new RabbitReceiver.Source(
                        "receivers", queue, false, TopicPattern.of("#"), 10, null);
        RetryStrategy once = RetryStrategy.attempts(1).deadLetterTo("receivers", "dead");
        EventHandler<BaseEvent> handler = event -> {};
        HandlerSettings handling =
                new HandlerSettings(
                        "test",
                        SubscriptionOptions.DEFAULT,
                        once,
                        // Settled here and once more afterwards, for which the server closes it.
                        letter -> letter.delivery().settled(),
                        null);
        return new RabbitReceiver(
                source,
                connection,
                topology,
                new RabbitMessages(
                        InstantSource.system(),
                        new JsonEventCodec(EventRegistry.builder().build())),
                () -> {
                    if (opened.incrementAndGet() > 1) {
                        throw new IllegalStateException("not now");
                    }
                    return new Dispatcher(handling, handler, new Lifecycle());
                });
    }
}
