package dev.jubilee.events.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DeadLetter;
import dev.jubilee.events.DeadLetterRoute;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.IntegrationEvent;
import dev.jubilee.events.RetryStrategy;
import dev.jubilee.events.core.BusSettings;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.tck.Await;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Letters are looked at one after the other, and only as many as need be are in memory. */
@ExtendWith(RealKafka.class)
class KafkaDeadLettersTest {
    private static final int COUNT = 60;
    private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

    private final String family =
            "letters" + Long.toHexString(ThreadLocalRandom.current().nextLong());
    private final DeadLetterRoute dead = new DeadLetterRoute(family, "dead");
    private final EventRegistry registry =
            EventRegistry.builder().type(family + ".score", Score.class).build();
    private final EventFactory events =
            new EventFactory(registry, InstantSource.system(), "kafka", "test");
    private final AtomicLong seconds = new AtomicLong();
    private final AtomicInteger decoded = new AtomicInteger();
    private final AtomicBoolean broken = new AtomicBoolean(true);
    private final AtomicInteger handled = new AtomicInteger();
    private final TestKafka kafka;
    private final KafkaEventBus bus;

    record Score(String player, int points) {}

    KafkaDeadLettersTest(TestKafka kafka) {
        this.kafka = kafka;
        InstantSource ticking = () -> NOON.plusSeconds(seconds.incrementAndGet());
        this.bus =
                new KafkaEventBus(
                        KafkaBusSettings.of(kafka.brokers())
                                .withTopics(KafkaTopics.one("bus"))
                                .withBus(BusSettings.defaults().withClock(ticking)),
                        counting(new JsonEventCodec(registry)));
    }

    private EventCodec counting(EventCodec codec) {
        return new EventCodec() {
            @Override
            public Envelope encode(BaseEvent event) {
                return codec.encode(event);
            }

            @Override
            public BaseEvent decode(Envelope envelope) {
                decoded.incrementAndGet();
                return codec.decode(envelope);
            }
        };
    }

    @BeforeEach
    void makeLetters() throws Exception {
        kafka.createTopic(dead.joined(), 3);
        EventHandler<BaseEvent> handler =
                event -> {
                    if (broken.get()) {
                        throw new IllegalStateException("broken");
                    }
                    handled.incrementAndGet();
                };
        bus.subscribe(
                family + ".score",
                handler.retrying(RetryStrategy.attempts(1).deadLetterTo(dead.exchange(), "dead")));
        List<IntegrationEvent<Score>> all =
                IntStream.range(0, COUNT)
                        .mapToObj(i -> events.integration("p" + i, "scored", new Score("p" + i, i)))
                        .toList();
        bus.publishAll(all);
        Await.until("all lie there", () -> bus.deadLetters().view(dead, COUNT).size() == COUNT);
    }

    @AfterEach
    void close() {
        bus.close();
    }

    @Test
    void theOldestOfAllPartitionsComeFirst() {
        List<DeadLetter> letters = bus.deadLetters().view(dead, COUNT);

        assertThat(letters)
                .extracting(DeadLetter::failedAt)
                .isEqualTo(IntStream.rangeClosed(1, COUNT).mapToObj(NOON::plusSeconds).toList());
        assertThat(
                        letters.stream()
                                .map(letter -> letter.id().replaceAll("-[0-9]+$", ""))
                                .distinct())
                .as("their partitions")
                .hasSizeGreaterThan(1);
        assertThat(bus.deadLetters().view(dead, 7)).isEqualTo(letters.subList(0, 7));
    }

    @Test
    void lettersAndWhatIsRedrivenAreKeptFromWhenTheyWereWrittenOn() throws Exception {
        Instant longAgo = Instant.parse("2020-01-01T00:00:00Z");
        Envelope old =
                new JsonEventCodec(registry)
                                .encode(events.integration("old", "scored", new Score("old", 1)))
                                .toBuilder()
                                .acceptedAt(longAgo)
                                .build();
        try (Producer<byte[], byte[]> producer =
                new KafkaProducer<>(
                        Map.of("bootstrap.servers", kafka.brokers()),
                        new ByteArraySerializer(),
                        new ByteArraySerializer())) {
            producer.send(KafkaEnvelopes.record("bus", old)).get();
        }
        Await.until("it is a letter", () -> recordOf(old, dead.joined(), record -> true) != null);
        ConsumerRecord<byte[], byte[]> letter = recordOf(old, dead.joined(), record -> true);

        assertThat(bus.deadLetters().redrive(dead, each -> each.eventId().equals(old.id())))
                .isEqualTo(1);

        ConsumerRecord<byte[], byte[]> again =
                recordOf(old, "bus", record -> record.timestamp() != longAgo.toEpochMilli());
        for (var written : Arrays.asList(letter, again)) {
            ConsumerRecord<byte[], byte[]> record = Objects.requireNonNull(written);
            assertThat(Instant.ofEpochMilli(record.timestamp())).isAfter(longAgo);
            assertThat(KafkaEnvelopes.read(record).acceptedAt()).isEqualTo(longAgo);
        }
    }

    /** The first one of the event that the topic has and that is wanted; null if there is none. */
    private @Nullable ConsumerRecord<byte[], byte[]> recordOf(
            Envelope event, String topic, Predicate<ConsumerRecord<byte[], byte[]>> wanted) {
        KafkaConsumers consumers =
                new KafkaConsumers(Map.of("bootstrap.servers", kafka.brokers()), kafka.admin());
        List<ConsumerRecord<byte[], byte[]>> found = new ArrayList<>();
        try (LetterReading reading = new LetterReading(consumers.fromTheBeginning(topic))) {
            reading.forEach(record -> {
                if (KafkaEnvelopes.read(record).id().equals(event.id()) && wanted.test(record)) {
                    found.add(record);
                }
            });
        }
        return found.isEmpty() ? null : found.getFirst();
    }

    @Test
    void onlyThoseThatAreAskedForAreDecoded() {
        int before = decoded.get();

        assertThat(bus.deadLetters().view(dead, 1)).hasSize(1);

        assertThat(decoded.get() - before).isEqualTo(1);
    }

    @Test
    void redrivingDecodesOneAfterTheOther() {
        int before = decoded.get();
        List<Integer> decodedAt = new ArrayList<>();

        bus.deadLetters()
                .redrive(
                        dead,
                        letter -> {
                            decodedAt.add(decoded.get() - before);
                            return false;
                        });

        assertThat(decodedAt).isEqualTo(IntStream.rangeClosed(1, COUNT).boxed().toList());
    }

    @Test
    void whatWasRedrivenIsPassedOver() {
        broken.set(false);
        List<DeadLetter> letters = bus.deadLetters().view(dead, COUNT);
        Set<String> chosen =
                Set.of(letters.get(0).id(), letters.get(30).id(), letters.get(COUNT - 1).id());

        assertThat(bus.deadLetters().redrive(dead, letter -> chosen.contains(letter.id())))
                .isEqualTo(3);

        Await.until("they are handled", () -> handled.get() == 3);
        assertThat(bus.deadLetters().view(dead, COUNT))
                .isEqualTo(
                        letters.stream().filter(letter -> !chosen.contains(letter.id())).toList());
        assertThat(bus.deadLetters().redrive(dead, letter -> chosen.contains(letter.id())))
                .isZero();
    }
}
