package dev.jubilee.server.bus.delivery.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.OffsetAdvance;
import dev.jubilee.events.OffsetAdvance.Step;
import dev.jubilee.events.OffsetStore.Position;
import dev.jubilee.events.PartitionId;
import dev.jubilee.events.kafka.Batch;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

class BatchPartsTest {
    private static final PartitionId ZERO = new PartitionId(UUID.randomUUID(), 0);
    private static final PartitionId ONE = new PartitionId(ZERO.topicId(), 1);

    /** Three records of each of two partitions, the first with a marker at its end. */
    private final BatchParts parts =
            new BatchParts(
                    new Batch(
                            Stream.of(0, 1)
                                    .flatMap(partition ->
                                            LongStream.range(10, 13)
                                                    .mapToObj(offset -> record(partition, offset)))
                                    .toList(),
                            advance(step(ZERO, 10, 3, 14, 4), step(ONE, -1, -1, 13, 4))));

    @Test
    void eachPartBeginsWhereTheOneBeforeItEndedAndTheLastEndsTheBatch() {
        assertThat(pass(2)).isEqualTo(advance(step(ZERO, 10, 3, 12, 4)));
        assertThat(pass(2)).isEqualTo(advance(step(ZERO, 12, 4, 13, 4), step(ONE, -1, -1, 11, 4)));
        assertThat(parts.rest()).extracting(ConsumerRecord::offset).containsExactly(11L, 12L);
        assertThat(parts.isDone()).isFalse();
        assertThat(pass(2)).isEqualTo(advance(step(ZERO, 13, 4, 14, 4), step(ONE, 11, 4, 13, 4)));
        assertThat(parts.isDone()).isTrue();
    }

    @Test
    void whereAPartEndedTheBatchTheLastDoesNotMoveOnThere() {
        BatchParts ended =
                new BatchParts(
                        new Batch(
                                List.of(record(0, 10), record(1, 10)),
                                advance(step(ZERO, 10, 4, 11, 4), step(ONE, 10, 4, 11, 4))));
        ended.passed(1, ended.advance(1));

        assertThat(ended.advance(1)).isEqualTo(advance(step(ONE, 10, 4, 11, 4)));
    }

    @Test
    void aBatchWithoutRecordsIsOnePart() {
        BatchParts empty = new BatchParts(new Batch(List.of(), advance(step(ZERO, 10, 3, 14, 4))));

        assertThat(empty.isDone()).isFalse();
        OffsetAdvance all = empty.advance(0);
        assertThat(all).isEqualTo(advance(step(ZERO, 10, 3, 14, 4)));
        empty.passed(0, all);
        assertThat(empty.isDone()).isTrue();
    }

    private OffsetAdvance pass(int records) {
        OffsetAdvance advance = parts.advance(records);
        parts.passed(records, advance);
        return advance;
    }

    private static OffsetAdvance advance(Step... steps) {
        return new OffsetAdvance("delivery", List.of(steps));
    }

    private static Step step(PartitionId partition, long from, int epoch, long to, int nextEpoch) {
        return new Step(partition, "t", new Position(from, epoch), new Position(to, nextEpoch));
    }

    static ConsumerRecord<byte[], byte[]> record(int partition, long offset) {
        return new ConsumerRecord<>(
                "t",
                partition,
                offset,
                0,
                TimestampType.CREATE_TIME,
                0,
                2,
                null,
                new byte[] {'{', '}'},
                new RecordHeaders(),
                Optional.of(4));
    }
}
