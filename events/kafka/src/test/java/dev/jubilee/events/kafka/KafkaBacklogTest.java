package dev.jubilee.events.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.core.Answer;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.tck.Await;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What is read again of a real Kafka: records 0 to 9, of three keys in turn. */
@ExtendWith(RealKafka.class)
class KafkaBacklogTest implements KafkaBacklog.Taker {
    private static final List<String> KEYS = List.of("ada", "bob", "cyd");

    private final TestKafka kafka;
    private final TopicPartition partition =
            new TopicPartition(
                    "backlog" + Long.toHexString(ThreadLocalRandom.current().nextLong()), 0);
    private final KafkaBacklog backlog;
    private final List<Long> taken = new ArrayList<>();
    private final List<Long> gone = new ArrayList<>();
    private final Set<String> free = new HashSet<>(KEYS);
    private Answer answer = Answer.TAKEN;

    KafkaBacklogTest(TestKafka kafka) {
        this.kafka = kafka;
        KafkaConsumers consumers =
                new KafkaConsumers(Map.of("bootstrap.servers", kafka.brokers()), kafka.admin());
        this.backlog = new KafkaBacklog(consumers::anywhere);
    }

    @BeforeEach
    void note() throws Exception {
        kafka.createTopic(partition.topic(), 1);
        List<String> values = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            values.add("{}");
            assertThat(backlog.note(delivery(i))).isTrue();
        }
        kafka.send(partition.topic(), 0, values);
    }

    @AfterEach
    void close() {
        backlog.close();
    }

    private KafkaDelivery delivery(int offset) {
        Envelope envelope =
                Envelope.of("e" + offset, "game.score", "test", Instant.EPOCH)
                        .partitionKey(KEYS.get(offset % 3))
                        .json("{}".getBytes(StandardCharsets.UTF_8))
                        .build();
        return new KafkaDelivery(
                envelope,
                new KafkaDelivery.At(partition, offset),
                new JsonEventCodec(EventRegistry.builder().build()),
                null);
    }

    @Override
    public Answer take(ConsumerRecord<byte[], byte[]> record) {
        if (answer == Answer.TAKEN) {
            taken.add(record.offset());
        }
        return answer;
    }

    @Override
    public void gone(KafkaDelivery.At at) {
        gone.add(at.offset());
    }

    private boolean bringsUntil(int count) {
        backlog.bring(free::contains, this);
        return taken.size() + gone.size() == count;
    }

    @Test
    void onlyKeysThatAreFreeComeAndThoseInOrder() {
        free.remove("ada");
        free.remove("cyd");
        Await.until("one key came", () -> bringsUntil(3));
        assertThat(taken).containsExactly(1L, 4L, 7L);
        assertThat(backlog.holds(delivery(1))).isFalse();
        assertThat(backlog.holds(delivery(0))).isTrue();

        free.add("ada");
        free.add("cyd");
        Await.until("the others came", () -> bringsUntil(10));
        assertThat(taken.stream().filter(offset -> offset % 3 == 0))
                .containsExactly(0L, 3L, 6L, 9L);
        assertThat(taken.stream().filter(offset -> offset % 3 == 2)).containsExactly(2L, 5L, 8L);
        assertThat(backlog.isEmpty()).isTrue();
    }

    @Test
    void whatIsNotTakenComesAgainAndHoldsUpNoOtherKey() {
        free.retainAll(Set.of("ada"));
        answer = Answer.KEY_FULL;
        for (int i = 0; i < 20; i++) {
            assertThat(bringsUntil(1)).isFalse();
        }
        free.add("bob");
        free.remove("ada");
        answer = Answer.TAKEN;
        Await.until("another key came", () -> bringsUntil(3));
        assertThat(taken).containsExactly(1L, 4L, 7L);

        free.add("ada");
        Await.until("the first came", () -> bringsUntil(7));
        assertThat(taken.subList(3, 7)).containsExactly(0L, 3L, 6L, 9L);
    }

    @Test
    void keysThatLieFarApartAreReadHoweverSlowKafkaIs() throws Exception {
        kafka.send(partition.topic(), 0, Collections.nCopies(700, "{}"));
        KafkaConsumers consumers =
                new KafkaConsumers(Map.of("bootstrap.servers", kafka.brokers()), kafka.admin());
        try (KafkaBacklog far = new KafkaBacklog(() -> slow(consumers.anywhere()))) {
            assertThat(far.note(delivery(0))).isTrue();
            assertThat(far.note(delivery(650))).isTrue();

            Await.until(
                    "both came",
                    () -> {
                        far.bring(free::contains, this);
                        return far.isEmpty();
                    });
        }
        assertThat(taken).containsExactlyInAnyOrder(0L, 650L);
    }

    /** One that has nothing to give in the first two polls at a place. */
    @SuppressWarnings("unchecked") // the proxy of a consumer
    private static Consumer<byte[], byte[]> slow(Consumer<byte[], byte[]> real) {
        AtomicInteger polls = new AtomicInteger();
        return (Consumer<byte[], byte[]>)
                Proxy.newProxyInstance(
                        KafkaBacklogTest.class.getClassLoader(),
                        new Class<?>[] {Consumer.class},
                        (proxy, method, arguments) -> {
                            if (method.getName().equals("seek")) {
                                polls.set(0);
                            }
                            if (method.getName().equals("poll") && polls.getAndIncrement() < 2) {
                                return ConsumerRecords.empty();
                            }
                            try {
                                return method.invoke(real, arguments);
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        });
    }

    @Test
    void whatKafkaHasDeletedIsToldOf() throws Exception {
        kafka.admin().deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(5))).all().get();

        Await.until("all came or are gone", () -> bringsUntil(10));

        assertThat(gone).containsExactlyInAnyOrder(0L, 1L, 2L, 3L, 4L);
        assertThat(taken).containsExactlyInAnyOrder(5L, 6L, 7L, 8L, 9L);
    }

    @Test
    void whatAnotherMemberHasIsForgotten() {
        backlog.forget(List.of(partition));

        assertThat(backlog.isEmpty()).isTrue();
        assertThat(backlog.holds(delivery(0))).isFalse();
        backlog.bring(free::contains, this);
        assertThat(taken).isEmpty();
    }
}
