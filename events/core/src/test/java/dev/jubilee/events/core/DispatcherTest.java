package dev.jubilee.events.core;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.jubilee.events.Backoff;
import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.RetryStrategy;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.SystemEvent;
import dev.jubilee.events.tck.Await;
import java.time.Duration;
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
                Await.until("there is room", () -> dispatcher.offer(next) == Answer.TAKEN);
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
            assertThat(dispatcher.offer(delivery(false))).isEqualTo(Answer.TAKEN);

            Await.until("it is put away", () -> tries.size() == 2);
            Await.until("there is room again", () -> dispatcher.inHand() == 0);
        }
    }

    @Test
    void whatIsDroppedWithEveryEventIsSaidOnce() {
        EventHandler<BaseEvent> failing =
                event -> {
                    handled.add(event.id());
                    throw new IllegalStateException("always");
                };
        RetryStrategy dropping = RetryStrategy.attempts(1).withoutDeadLetters();
        ListAppender<ILoggingEvent> lines =
                linesWhile(() -> {
                    try (Dispatcher dispatcher =
                            dispatcher(failing.retrying(dropping), failed -> {})) {
                        for (int i = 0; i < 50; i++) {
                            Delivery next = delivery(false);
                            Await.until(
                                    "there is room", () -> dispatcher.offer(next) == Answer.TAKEN);
                        }
                        Await.until(
                                "all failed",
                                () -> handled.size() == 50 && dispatcher.inHand() == 0);
                    }
                });
        assertThat(lines.list).hasSize(1);
        assertThat(lines.list.getFirst().getFormattedMessage())
                .isEqualTo("test drops an event that it could not handle");
        assertThat(lines.list.getFirst().getThrowableProxy().getMessage()).isEqualTo("always");
    }

    @Test
    void howManyAreLostIsSaidOnce() {
        EventHandler<BaseEvent> failing =
                event -> {
                    handled.add(event.id());
                    throw new IllegalStateException("not yet");
                };
        RetryStrategy patient =
                RetryStrategy.attempts(2).backoff(Backoff.fixed(Duration.ofHours(1)));
        ListAppender<ILoggingEvent> lines =
                linesWhile(() -> {
                    Dispatcher dispatcher = dispatcher(failing.retrying(patient), failed -> {});
                    for (int i = 0; i < 3; i++) {
                        assertThat(dispatcher.admit(new InMemoryDelivery(event()))).isTrue();
                    }
                    Await.until("all wait", () -> dispatcher.parked() == 3);
                    dispatcher.close();
                });
        assertThat(lines.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .containsExactly("test ends before it handled 3 events, which are lost");
    }

    @Test
    void whatWaitsIsCountedApartUpToItsLength() {
        Intake intake = new Intake(2, new Intake.Parking(100, 1000));
        for (int i = 0; i < 5; i++) {
            Delivery heavy = heavy("ada", 300);
            assertThat(intake.offer(heavy)).as("number %d", i).isEqualTo(Answer.TAKEN);
            intake.hold(heavy);
        }
        intake.parked("ada");

        assertThat(intake.offer(heavy("ada", 1))).isEqualTo(Answer.KEY_FULL);
        assertThat(intake.hasRoomFor("ada")).isFalse();
        // Of 1,500 bytes 1,000 are apart: of the five events three, and two take all the room.
        assertThat(intake.offer(heavy("bob", 1))).isEqualTo(Answer.FULL);
        intake.free("ada");
        intake.letGo(heavy("ada", 300));
        intake.finished(1);
        assertThat(intake.offer(heavy("bob", 1))).isEqualTo(Answer.TAKEN);
    }

    private Delivery heavy(String key, int bytes) {
        return new Delivery() {
            @Override
            public String key() {
                return key;
            }

            @Override
            public BaseEvent event() {
                return DispatcherTest.this.event();
            }

            @Override
            public void settled() {}

            @Override
            public boolean returned() {
                return true;
            }

            @Override
            public int bytes() {
                return bytes;
            }
        };
    }

    private static ListAppender<ILoggingEvent> linesWhile(Runnable act) {
        Logger logger = (Logger) LoggerFactory.getLogger(Attempts.class);
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.addAppender(lines);
        logger.setAdditive(false);
        try {
            act.run();
        } finally {
            logger.detachAppender(lines);
            logger.setAdditive(true);
        }
        return lines;
    }

    private static Dispatcher dispatcher(EventHandler<BaseEvent> handler, DeadLetterSink letters) {
        return new Dispatcher(
                new HandlerSettings(
                        "test",
                        SubscriptionOptions.DEFAULT.withCapacity(1),
                        RetryStrategy.attempts(1),
                        letters,
                        null),
                handler,
                new Lifecycle());
    }

    private BaseEvent event() {
        return events.system(SystemEvent.Level.INFO, "core", "said", Map.of());
    }

    private Delivery delivery(boolean unsettled) {
        BaseEvent event = event();
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
            public boolean returned() {
                return true;
            }
        };
    }
}
