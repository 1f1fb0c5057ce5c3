package dev.jubilee.events.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.core.BusSettings;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.tck.Await;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsResult;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.consumer.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Where subscriptions of a real Kafka begin. */
@ExtendWith(RealKafka.class)
class KafkaPlacesTest {
    private static final int KEYS = 40;

    private final String topic =
            "places" + Long.toHexString(ThreadLocalRandom.current().nextLong());
    private final EventRegistry registry =
            EventRegistry.builder().type("places.score", Score.class).build();
    private final EventFactory events =
            new EventFactory(registry, InstantSource.system(), "kafka", "test");
    private final Queue<String> handled = new ConcurrentLinkedQueue<>();
    private final TestKafka kafka;

    record Score(int points) {}

    KafkaPlacesTest(TestKafka kafka) {
        this.kafka = kafka;
    }

    private KafkaEventBus bus(KafkaTopics topics) {
        return new KafkaEventBus(
                new KafkaBusSettings(
                        KafkaEventBusTest.patiently(kafka), topics, BusSettings.defaults()),
                new JsonEventCodec(registry));
    }

    /** One of each of many keys, which lie in every partition. */
    private List<BaseEvent> scores() {
        return IntStream.range(0, KEYS)
                .<BaseEvent>mapToObj(i -> events.domain("player", "p" + i, new Score(i)))
                .toList();
    }

    private void addPartitions() throws Exception {
        kafka.admin().createPartitions(Map.of(topic, NewPartitions.increaseTo(4))).all().get();
        Await.until(
                "they are there",
                () -> new TopicOffsets(kafka.admin()).ends(List.of(topic)).size() == 4);
    }

    @Test
    void aDurableSubscriptionGetsWhatLiesInPartitionsAndTopicsThatWereAddedWhileItWasAway()
            throws Exception {
        kafka.createTopic(topic, 1);
        try (KafkaEventBus first = bus(KafkaTopics.one(topic))) {
            first.subscribe("places.*", SubscriptionOptions.durable(topic), event -> {});
        }
        addPartitions();
        List<BaseEvent> missed = new ArrayList<>(scores());
        try (KafkaEventBus publisher = bus(KafkaTopics.one(topic))) {
            publisher.publishAll(missed);
        }
        KafkaTopics routed = KafkaTopics.one(topic).route("places.score", topic + ".more");
        try (KafkaEventBus publisher = bus(routed)) {
            List<BaseEvent> more = scores();
            publisher.publishAll(more);
            missed.addAll(more);
        }

        try (KafkaEventBus back = bus(routed)) {
            back.subscribe(
                    "places.*",
                    SubscriptionOptions.durable(topic),
                    event -> handled.add(event.id()));

            Await.until("all came", () -> handled.size() >= missed.size());
        }
        assertThat(handled)
                .containsExactlyInAnyOrderElementsOf(missed.stream().map(BaseEvent::id).toList());
    }

    @Test
    void aSubscriptionThatIsNotDurableGetsWhatIsPublishedToPartitionsThatAreAdded()
            throws Exception {
        kafka.createTopic(topic, 1);
        try (KafkaEventBus bus = bus(KafkaTopics.one(topic))) {
            bus.subscribe("places.*", event -> handled.add(event.id()));
            addPartitions();
            List<BaseEvent> all = scores();
            try (KafkaEventBus publisher = bus(KafkaTopics.one(topic))) {
                publisher.publishAll(all);
            }

            Await.until("all came", () -> handled.size() >= KEYS);
            assertThat(handled)
                    .containsExactlyInAnyOrderElementsOf(all.stream().map(BaseEvent::id).toList());
        }
    }

    /** Two that begin together: the other has its place and an event while this one still asks. */
    @Test
    void ofTwoThatBeginTogetherNonePassesOverWhatIsPublishedWhenTheOtherIsThere() throws Exception {
        kafka.createTopic(topic, 1);
        Map<String, Object> settings = Map.of("bootstrap.servers", kafka.brokers());
        AtomicInteger asked = new AtomicInteger();
        Admin admin =
                afterEach(
                        "listConsumerGroupOffsets",
                        () -> {
                            if (asked.incrementAndGet() == 2) {
                                new KafkaConsumers(settings, kafka.admin())
                                        .ofGroup(topic, Set.of(topic))
                                        .close();
                                kafka.send(topic, 0, List.of("{}"));
                            }
                        });

        try (Consumer<byte[], byte[]> slower =
                new KafkaConsumers(settings, admin).ofGroup(topic, Set.of(topic))) {
            slower.subscribe(Set.of(topic));

            Await.until("it comes", () -> !slower.poll(Duration.ofMillis(100)).isEmpty());
        }
        assertThat(asked).hasValue(2);
    }

    @FunctionalInterface
    private interface Step {
        void run() throws Exception;
    }

    /** The admin client; what follows is done before a call of this name returns. */
    private Admin afterEach(String name, Step what) {
        return (Admin)
                Proxy.newProxyInstance(
                        KafkaPlacesTest.class.getClassLoader(),
                        new Class<?>[] {Admin.class},
                        (proxy, method, arguments) -> {
                            try {
                                Object result = method.invoke(kafka.admin(), arguments);
                                if (method.getName().equals(name)) {
                                    ((ListConsumerGroupOffsetsResult) result)
                                            .partitionsToOffsetAndMetadata()
                                            .get();
                                    what.run();
                                }
                                return result;
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        });
    }
}
