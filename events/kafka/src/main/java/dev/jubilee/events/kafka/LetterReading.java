package dev.jubilee.events.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/**
 * Reads the letters of a topic that lie there when it begins and were not redriven, those of each
 * partition in order. For one thread, once.
 */
final class LetterReading implements AutoCloseable {
    /** On a mark: the id of the letter, of the same partition, that was redriven. */
    static final String SETTLED = "dl_settled";

    private static final Duration POLL = Duration.ofMillis(200);

    private final Consumer<byte[], byte[]> consumer;
    private final Map<TopicPartition, Range> ranges = new HashMap<>();

    /** The records of a partition, and which of them are letters that were redriven. */
    private record Range(long begin, long end, BitSet settled) {
        void settle(String letter) {
            long offset = Long.parseLong(letter, letter.lastIndexOf('-') + 1, letter.length(), 10);
            if (offset >= begin) { // else Kafka has deleted it meanwhile
                settled.set(Math.toIntExact(offset - begin));
            }
        }

        boolean isOpen(long offset) {
            return offset < end && !settled.get(Math.toIntExact(offset - begin));
        }
    }

    /** Takes over the consumer, which stands at the beginning of its partitions. */
    LetterReading(Consumer<byte[], byte[]> consumer) {
        this.consumer = consumer;
    }

    /** Gives each letter, read as late as may be: whoever takes it may be slow. */
    void forEach(java.util.function.Consumer<ConsumerRecord<byte[], byte[]>> reader) {
        Map<TopicPartition, Long> begins = consumer.beginningOffsets(consumer.assignment());
        consumer.endOffsets(consumer.assignment())
                .forEach((partition, end) ->
                        ranges.put(
                                partition,
                                new Range(begins.getOrDefault(partition, end), end, new BitSet())));
        read(record -> {
            String letter = text(record, SETTLED);
            if (letter != null) {
                rangeOf(record).settle(letter);
            }
        });
        consumer.seekToBeginning(consumer.assignment());
        read(record -> {
            if (text(record, SETTLED) == null && rangeOf(record).isOpen(record.offset())) {
                reader.accept(record);
            }
        });
    }

    @Override
    public void close() {
        consumer.close();
    }

    static @Nullable String text(ConsumerRecord<?, ?> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null || header.value() == null ? null : new String(header.value(), UTF_8);
    }

    private void read(java.util.function.Consumer<ConsumerRecord<byte[], byte[]>> reader) {
        while (ranges.entrySet().stream()
                .anyMatch(each -> consumer.position(each.getKey()) < each.getValue().end)) {
            consumer.poll(POLL).forEach(reader);
        }
    }

    private Range rangeOf(ConsumerRecord<?, ?> record) {
        Range range = ranges.get(new TopicPartition(record.topic(), record.partition()));
        if (range == null) {
            throw new IllegalStateException("a record of a partition that was not asked for");
        }
        return range;
    }
}
