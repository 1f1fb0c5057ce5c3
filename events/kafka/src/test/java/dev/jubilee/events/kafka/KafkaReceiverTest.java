package dev.jubilee.events.kafka;

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
import dev.jubilee.events.TopicPattern;
import dev.jubilee.events.core.Dispatcher;
import dev.jubilee.events.core.HandlerSettings;
import dev.jubilee.events.core.Lifecycle;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.tck.Await;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.header.Headers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.LoggerFactory;

/** A receiver of a real Kafka, whose client is made to fail. */
@ExtendWith(RealKafka.class)
class KafkaReceiverTest {
    private final Logger logger = (Logger) LoggerFactory.getLogger(KafkaReceiver.class);
    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final List<Long> failedAt = new CopyOnWriteArrayList<>();
    private final List<String> handled = new CopyOnWriteArrayList<>();
    private final EventRegistry registry = EventRegistry.builder().build();
    private final EventFactory events =
            new EventFactory(registry, InstantSource.system(), "kafka", "test");
    private final JsonEventCodec codec = new JsonEventCodec(registry);
    private final String topic =
            "receiver" + Long.toHexString(ThreadLocalRandom.current().nextLong());
    private final KafkaBusSettings settings;
    private final TestKafka kafka;
    private volatile boolean stubborn;

    KafkaReceiverTest(TestKafka kafka) {
        this.kafka = kafka;
        this.settings = KafkaBusSettings.of(kafka.brokers()).withTopics(KafkaTopics.one(topic));
    }

    @BeforeEach
    void listen() {
        lines.start();
        logger.addAppender(lines);
        logger.setAdditive(false);
    }

    @AfterEach
    void listenNoMore() {
        logger.detachAppender(lines);
        logger.setAdditive(true);
    }

    @Test
    void whateverFailsItGoesOnWithGrowingPausesAndSaysSoOnce() {
        fail(3, () -> new TopicAuthorizationException(Set.of(topic)));
        fail(1, () -> new IllegalStateException("of a rebalance callback"));
        fail(2, () -> new NoClassDefFoundError("made/by/a/Test"));
        try (KafkaEventBus bus = new KafkaEventBus(settings, codec)) {
            KafkaReceiver receiver = receiver();
            receiver.start();
            Await.until("it failed", () -> failures.isEmpty());
            BaseEvent event = event();
            bus.publish(event);

            Await.until("it came", () -> handled.contains(event.id()));
            receiver.end(true);
        }
        assertThat(Duration.ofNanos(failedAt.getLast() - failedAt.getFirst()))
                .isGreaterThan(Duration.ofSeconds(1));
        assertThat(lines.list).hasSize(1);
        assertThat(lines.list.getFirst().getFormattedMessage()).contains("cannot go on");
        assertThat(lines.list.getFirst().getThrowableProxy().getMessage()).contains(topic);
    }

    @Test
    void itsEndWaitsForNoPause() {
        Duration took = timeOfAnEndInAPause();
        // The machine may be slow at any moment; not each time.
        for (int again = 0; again < 2 && took.toMillis() >= 2_000; again++) {
            took = timeOfAnEndInAPause();
        }
        assertThat(took)
                .as("the pause after the seventh is 2.5 seconds or more")
                .isLessThan(Duration.ofSeconds(2));
    }

    private Duration timeOfAnEndInAPause() {
        fail(7, () -> new TopicAuthorizationException(Set.of(topic)));
        try (KafkaEventBus bus = new KafkaEventBus(settings, codec)) {
            KafkaReceiver receiver = receiver();
            receiver.start();
            Await.until("it failed", () -> failures.isEmpty());
            long start = System.nanoTime();

            receiver.end(true);

            assertThat(bus.guarantees()).isNotNull();
            return Duration.ofNanos(System.nanoTime() - start);
        }
    }

    @Test
    void aRecordThatCannotBeReadAtPresentIsReadLaterAndNoneAfterItIsLost() {
        stubborn = true;
        try (KafkaEventBus bus = new KafkaEventBus(settings, codec)) {
            KafkaReceiver receiver = receiver();
            List<BaseEvent> all = Stream.generate(this::event).limit(20).toList();
            bus.publishAll(all);
            receiver.start();

            Await.until("all came", () -> handled.size() >= 20);
            assertThat(handled)
                    .containsExactlyInAnyOrderElementsOf(all.stream().map(BaseEvent::id).toList());
            receiver.end(true);
        }
        assertThat(lines.list).isNotEmpty();
    }

    private BaseEvent event() {
        return events.system(SystemEvent.Level.INFO, "kafka", "said", Map.of());
    }

    private void fail(int times, Supplier<Throwable> with) {
        Stream.generate(with).limit(times).forEach(failures::add);
    }

    private KafkaReceiver receiver() {
        EventHandler<BaseEvent> noting = event -> handled.add(event.id());
        Dispatcher dispatcher =
                new Dispatcher(
                        new HandlerSettings(
                                "failing",
                                SubscriptionOptions.DEFAULT,
                                RetryStrategy.DEFAULT,
                                failed -> {},
                                null),
                        noting,
                        new Lifecycle());
        KafkaConsumers consumers = new KafkaConsumers(settings.kafka(), kafka.admin());
        return new KafkaReceiver(
                "failing",
                TopicPattern.of("#"),
                codec,
                dispatcher,
                new KafkaReceiver.Source(
                        failing(consumers.fromNowOn(Set.of(topic))),
                        consumers::anywhere,
                        Set.of(topic),
                        false));
    }

    /** The consumer, whose polls fail as they are told. */
    @SuppressWarnings("unchecked")
    private Consumer<byte[], byte[]> failing(Consumer<byte[], byte[]> consumer) {
        return (Consumer<byte[], byte[]>)
                Proxy.newProxyInstance(
                        Consumer.class.getClassLoader(),
                        new Class<?>[] {Consumer.class},
                        (proxy, method, arguments) -> {
                            boolean poll = method.getName().equals("poll");
                            Throwable failure = poll ? failures.poll() : null;
                            if (failure != null) {
                                failedAt.add(System.nanoTime());
                                throw failure;
                            }
                            try {
                                Object answer = method.invoke(consumer, arguments);
                                return poll && stubborn
                                        ? stubborn((ConsumerRecords<byte[], byte[]>) answer)
                                        : answer;
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        });
    }

    private static ConsumerRecords<byte[], byte[]> stubborn(ConsumerRecords<byte[], byte[]> all) {
        Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> records = new HashMap<>();
        for (TopicPartition partition : all.partitions()) {
            List<ConsumerRecord<byte[], byte[]>> of = new ArrayList<>();
            all.records(partition).forEach(record -> of.add(new Stubborn(record)));
            records.put(partition, of);
        }
        return new ConsumerRecords<>(records, all.nextOffsets());
    }

    /** Every seventh cannot be read the first time. */
    private static final class Stubborn extends ConsumerRecord<byte[], byte[]> {
        private boolean refuses;

        Stubborn(ConsumerRecord<byte[], byte[]> record) {
            super(
                    record.topic(),
                    record.partition(),
                    record.offset(),
                    record.timestamp(),
                    record.timestampType(),
                    record.serializedKeySize(),
                    record.serializedValueSize(),
                    record.key(),
                    record.value(),
                    record.headers(),
                    record.leaderEpoch());
            refuses = record.offset() % 7 == 3;
        }

        @Override
        public Headers headers() {
            if (refuses) {
                refuses = false;
                throw new IllegalStateException("no headers");
            }
            return super.headers();
        }
    }
}
