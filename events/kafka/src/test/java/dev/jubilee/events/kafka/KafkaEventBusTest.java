package dev.jubilee.events.kafka;

import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.EventTracker;
import dev.jubilee.events.core.BusSettings;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.tck.DurableEventBusContract;
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
                KafkaBusSettings.of(kafka.brokers())
                        .withTopics(KafkaTopics.one("bus"))
                        .withBus(BusSettings.defaults().withTracker(tracker)),
                new JsonEventCodec(registry));
    }

    @Override
    protected void restartServer() {
        kafka.restart();
    }
}
