package dev.jubilee.events.kafka;

import dev.jubilee.events.core.Answer;
import dev.jubilee.events.core.Backlog;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Records of keys that wait for a retry and have no room in memory: their offsets, and a consumer
 * that reads them again when their key is free. For the receiver's thread alone.
 */
final class KafkaBacklog implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(20);

    /** So long it waits for an answer, as Kafka may be slow, before another line has its turn. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** So many are read together; what lies nearer is read on to, instead of asked for. */
    private static final int CHUNK = 500;

    private final Supplier<Consumer<byte[], byte[]>> readers;
    private final Map<TopicPartition, Backlog<Long>> places = new HashMap<>();
    private final Deque<Found> found = new ArrayDeque<>();
    private @Nullable Line line;
    private long lineSince;
    private @Nullable Consumer<byte[], byte[]> reader;
    private long position;

    /** The records of one key in one partition. */
    private record Line(TopicPartition partition, String key) {}

    /** What lies at a place; nothing if Kafka has deleted it. */
    private record Found(long offset, @Nullable ConsumerRecord<byte[], byte[]> record) {}

    /** Takes what is read again. */
    interface Taker {
        Answer take(ConsumerRecord<byte[], byte[]> record);

        /** It is not there any more. */
        void gone(KafkaDelivery.At at);
    }

    KafkaBacklog(Supplier<Consumer<byte[], byte[]>> readers) {
        this.readers = readers;
    }

    boolean isEmpty() {
        return places.isEmpty();
    }

    int size() {
        return places.values().stream().mapToInt(Backlog::size).sum();
    }

    /** Whether this one has to come after what lies here. */
    boolean holds(KafkaDelivery delivery) {
        Backlog<Long> there = places.get(delivery.at().partition());
        return there != null && there.holds(delivery.key());
    }

    /** Notes where it is; false if there are too many. */
    boolean note(KafkaDelivery delivery) {
        if (size() >= Backlog.MOST) {
            return false;
        }
        places.computeIfAbsent(delivery.at().partition(), none -> new Backlog<>())
                .add(delivery.key(), delivery.at().offset());
        return true;
    }

    /** Reads some of a key that has room, and gives as many of them as are taken. */
    void bring(Predicate<String> hasRoom, Taker taker) {
        if (places.isEmpty()) {
            close();
            return;
        }
        if (found.isEmpty()) {
            line = isAwaited(hasRoom) ? line : next(hasRoom);
            if (line != null) {
                read(line);
            }
        }
        if (line != null && !found.isEmpty()) {
            give(line, taker);
            line = found.isEmpty() ? null : line; // others have their turn
        }
    }

    /** Whether its answer is still to come; whoever asks for another makes that one worthless. */
    private boolean isAwaited(Predicate<String> hasRoom) {
        if (line == null || System.nanoTime() - lineSince > PATIENCE.toNanos()) {
            return false;
        }
        Backlog<Long> there = places.get(line.partition);
        return there != null && there.holds(line.key) && hasRoom.test(line.key);
    }

    private void give(Line from, Taker taker) {
        while (!found.isEmpty()) {
            Found first = found.element();
            if (first.record == null) {
                taker.gone(new KafkaDelivery.At(from.partition, first.offset));
            } else {
                Answer answer = taker.take(first.record);
                if (answer == Answer.KEY_FULL) {
                    found.clear(); // to be read again, and meanwhile others
                }
                if (answer != Answer.TAKEN) {
                    return;
                }
            }
            found.remove();
            forgetFirst(from);
        }
    }

    private void forgetFirst(Line of) {
        Backlog<Long> there = places.get(of.partition);
        if (there != null) {
            there.removeFirst(of.key);
            if (there.isEmpty()) {
                places.remove(of.partition);
            }
        }
    }

    private @Nullable Line next(Predicate<String> hasRoom) {
        for (Map.Entry<TopicPartition, Backlog<Long>> each : places.entrySet()) {
            for (String key : each.getValue().keys()) {
                if (hasRoom.test(key)) {
                    each.getValue().letOthersFirst(key);
                    lineSince = System.nanoTime();
                    return new Line(each.getKey(), key);
                }
            }
        }
        return null;
    }

    private void read(Line from) {
        Backlog<Long> there = places.get(from.partition);
        if (there == null) {
            return;
        }
        Iterator<Long> wanted = there.first(from.key, CHUNK).iterator();
        Long next = wanted.next();
        Consumer<byte[], byte[]> consumer = at(from.partition, next);
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
            position = record.offset() + 1;
            while (next != null && next <= record.offset()) {
                found.add(new Found(next, next == record.offset() ? record : null));
                next = wanted.hasNext() ? wanted.next() : null;
            }
        }
    }

    /** A consumer that stands before this offset, or not far. */
    private Consumer<byte[], byte[]> at(TopicPartition partition, long offset) {
        Consumer<byte[], byte[]> open = reader;
        if (open == null) {
            open = readers.get();
            reader = open;
        }
        boolean elsewhere = !open.assignment().contains(partition);
        if (elsewhere) {
            open.assign(List.of(partition));
        }
        if (elsewhere || position > offset || offset - position > CHUNK) {
            open.seek(partition, offset);
            position = offset;
        }
        return open;
    }

    /** Another member has these partitions now. */
    void forget(Collection<TopicPartition> partitions) {
        partitions.forEach(places::remove);
        if (line != null && partitions.contains(line.partition)) {
            found.clear();
        }
    }

    @Override
    public void close() {
        Consumer<byte[], byte[]> open = reader;
        if (open != null) {
            reader = null;
            open.close();
        }
    }
}
