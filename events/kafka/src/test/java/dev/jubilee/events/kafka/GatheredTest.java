package dev.jubilee.events.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

class GatheredTest {
    private static final TopicPartition FIRST = new TopicPartition("t", 0);
    private static final TopicPartition SECOND = new TopicPartition("t", 1);
    private static final int MANY = 1_000;

    private final MockConsumer<byte[], byte[]> consumer = new MockConsumer<>("earliest");

    GatheredTest() {
        consumer.assign(List.of(FIRST, SECOND));
        consumer.updateBeginningOffsets(Map.of(FIRST, 0L, SECOND, 0L));
        consumer.setMaxPollRecords(Gathered.A_POLL);
    }

    @Test
    void pollsGoOnUntilNothingMoreIsThere() {
        add(FIRST, 100, 10);
        add(SECOND, 50, 10);

        Gathered all = Gathered.from(consumer, Duration.ZERO, MANY);

        assertThat(all.count()).isEqualTo(150);
        assertThat(all.of(FIRST))
                .extracting(ConsumerRecord::offset)
                .isSorted()
                .hasSize(100)
                .doesNotHaveDuplicates();
        assertThat(all.of(SECOND)).hasSize(50);
        assertThat(next(all, FIRST)).isEqualTo(100);
        assertThat(next(all, SECOND)).isEqualTo(50);
        assertThat(Gathered.from(consumer, Duration.ZERO, MANY).count()).isZero();
    }

    @Test
    void aBatchHasNoMoreRecordsThanAsked() {
        add(FIRST, 200, 10);

        Gathered first = Gathered.from(consumer, Duration.ZERO, 100);

        assertThat(first.count()).isEqualTo(96);
        assertThat(next(first, FIRST)).isEqualTo(96);
        assertThat(Gathered.from(consumer, Duration.ZERO, 100).of(FIRST).getFirst().offset())
                .isEqualTo(96);
    }

    @Test
    void largeRecordsAreFewInABatch() {
        int large = 256 << 10;
        add(FIRST, 200, large);

        Gathered first = Gathered.from(consumer, Duration.ZERO, MANY);

        assertThat((long) first.count() * large)
                .isBetween(Gathered.ENOUGH, Gathered.ENOUGH + (long) Gathered.A_POLL * large);
    }

    /** The consumer has passed them: they would never come again. */
    @Test
    void whatCameBeforeAFaultIsKept() {
        add(FIRST, 10, 10);
        consumer.schedulePollTask(() -> {});
        consumer.schedulePollTask(() -> consumer.setPollException(new KafkaException("gone")));

        Gathered all = Gathered.from(consumer, Duration.ZERO, MANY);

        assertThat(all.of(FIRST)).hasSize(10);
        assertThat(next(all, FIRST)).isEqualTo(10);
        assertThatThrownBy(all::rethrow).hasMessage("gone");
    }

    @Test
    void aFaultOfTheFirstPollIsThrownAtOnce() {
        consumer.setPollException(new KafkaException("gone"));
        assertThatThrownBy(() -> Gathered.from(consumer, Duration.ZERO, MANY)).hasMessage("gone");
    }

    private static long next(Gathered all, TopicPartition partition) {
        return Objects.requireNonNull(all.next().get(partition)).offset();
    }

    private void add(TopicPartition to, int count, int bytes) {
        for (int i = 0; i < count; i++) {
            consumer.addRecord(
                    new ConsumerRecord<>(
                            to.topic(),
                            to.partition(),
                            i,
                            0L,
                            TimestampType.CREATE_TIME,
                            0,
                            bytes,
                            null,
                            new byte[bytes],
                            new RecordHeaders(),
                            Optional.empty()));
        }
    }
}
