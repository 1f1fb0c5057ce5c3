package dev.jubilee.events.core;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.RetryStrategy;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.SystemEvent;
import dev.jubilee.events.tck.Await;
import java.time.InstantSource;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class DispatcherTest {
    private final EventFactory events =
            new EventFactory(
                    EventRegistry.builder().build(), InstantSource.system(), "core", "test");
    private final Queue<String> handled = new ConcurrentLinkedQueue<>();

    @Test
    void aTransportThatCannotSettleADeliveryHoldsUpNoOther() {
        EventHandler<BaseEvent> noting = event -> handled.add(event.id());
        try (Dispatcher dispatcher = dispatcher(noting, failed -> {})) {
            for (int i = 0; i < 5; i++) {
                Delivery next = delivery(true);
                Await.until("there is room", () -> dispatcher.offer(next));
            }

            Await.until("all are handled", () -> handled.size() == 5);
            Await.until("there is room again", () -> dispatcher.inHand() == 0);
        }
    }

    @Test
    void anErrorWhileALetterIsPutAwayIsTriedAgain() throws Exception {
        EventHandler<BaseEvent> failing =
                event -> {
                    throw new IllegalStateException("always");
                };
        Queue<String> tries = new ConcurrentLinkedQueue<>();
        DeadLetterSink unwilling =
                failed -> {
                    tries.add(failed.reason());
                    if (tries.size() == 1) {
                        throw new NoClassDefFoundError("made/by/a/Test");
                    }
                };
        try (Dispatcher dispatcher = dispatcher(failing, unwilling)) {
            assertThat(dispatcher.offer(delivery(false))).isTrue();

            Await.until("it is put away", () -> tries.size() == 2);
            Await.until("there is room again", () -> dispatcher.inHand() == 0);
        }
    }

    @Test
    void whatIsDroppedWithEveryEventIsSaidOnce() {
        Logger logger = (Logger) LoggerFactory.getLogger(Attempts.class);
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.addAppender(lines);
        logger.setAdditive(false);
        EventHandler<BaseEvent> failing =
                event -> {
                    handled.add(event.id());
                    throw new IllegalStateException("always");
                };
        RetryStrategy dropping = RetryStrategy.attempts(1).withoutDeadLetters();
        try (Dispatcher dispatcher = dispatcher(failing.retrying(dropping), failed -> {})) {
            for (int i = 0; i < 50; i++) {
                Delivery next = delivery(false);
                Await.until("there is room", () -> dispatcher.offer(next));
            }
            Await.until("all failed", () -> handled.size() == 50 && dispatcher.inHand() == 0);
        } finally {
            logger.detachAppender(lines);
            logger.setAdditive(true);
        }
        assertThat(lines.list).hasSize(1);
        assertThat(lines.list.getFirst().getFormattedMessage())
                .isEqualTo("test drops an event that it could not handle");
        assertThat(lines.list.getFirst().getThrowableProxy().getMessage()).isEqualTo("always");
    }

    private static Dispatcher dispatcher(EventHandler<BaseEvent> handler, DeadLetterSink letters) {
        return new Dispatcher(
                new HandlerSettings(
                        "test",
                        SubscriptionOptions.DEFAULT.withCapacity(1),
                        RetryStrategy.attempts(1),
                        letters,
                        null),
                handler);
    }

    private Delivery delivery(boolean unsettled) {
        BaseEvent event = events.system(SystemEvent.Level.INFO, "core", "said", Map.of());
        return new Delivery() {
            @Override
            public String key() {
                return "key";
            }

            @Override
            public BaseEvent event() {
                return event;
            }

            @Override
            public void settled() {
                if (unsettled) {
                    throw new IllegalStateException("the channel is in a strange state");
                }
            }

            @Override
            public void returned() {}
        };
    }
}
