package dev.jubilee.events.kafka;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.EventTracker;
import dev.jubilee.events.PublishException;
import dev.jubilee.events.core.BusSettings;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.tck.Await;
import dev.jubilee.events.tck.DurableEventBusContract;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealKafka.class)
class KafkaEventBusTest extends DurableEventBusContract {
    private final TestKafka kafka;

    KafkaEventBusTest(TestKafka kafka) {
        this.kafka = kafka;
    }

    @Override
    protected EventBus open(EventRegistry registry, EventTracker tracker) {
        return new KafkaEventBus(
                new KafkaBusSettings(
                        patiently(kafka),
                        KafkaTopics.one("bus"),
                        BusSettings.defaults().withTracker(tracker)),
                new JsonEventCodec(registry));
    }

    /** A machine that stands still for a while does not cost a member its partitions. */
    static Map<String, Object> patiently(TestKafka kafka) {
        return Map.of("bootstrap.servers", kafka.brokers(), "session.timeout.ms", 60_000);
    }

    @Override
    protected void restartServer() {
        kafka.restart();
    }

    @Test
    void anEventOfTheGreatestLengthBecomesADeadLetterToo() {
        EventHandler<BaseEvent> failing =
                event -> {
                    throw new IllegalStateException("x".repeat(2000));
                };
        bus().subscribe(family + ".score", failing.retrying(quick(1)));

        DomainEvent<Score> longest = publishTheLongest();

        Await.until(
                "it lies there",
                () ->
                        bus().deadLetters().view(dead(), 100).stream()
                                .anyMatch(letter -> letter.eventId().equals(longest.id())));
    }

    /** As long as the brokers take it, to a few bytes. */
    private DomainEvent<Score> publishTheLongest() {
        int length = 1 << 20;
        while (true) {
            DomainEvent<Score> event =
                    events.domain("player", "ada", new Score("x".repeat(length), 1));
            try {
                bus().publish(event);
                return event;
            } catch (PublishException e) {
                length -= 50;
            }
        }
    }
}
