package dev.jubilee.events.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DeadLetter;
import dev.jubilee.events.DeadLetterRoute;
import dev.jubilee.events.DeadLetters;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.Rfc3339;
import dev.jubilee.events.core.FailedDelivery;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/**
 * Dead letters as records of a topic. A record cannot be taken out of a topic, so one that was
 * redriven is followed, in its partition, by a mark that names it. Looking means reading the topic
 * to its end, and twice, because a mark comes after its letter; in memory are no more letters than
 * were asked for, one at a time while they are redriven, and a bit for each record.
 */
final class KafkaDeadLetters implements DeadLetters {
    private static final String SUBSCRIPTION = "dl_subscription";
    private static final String REASON = "dl_reason";
    private static final String ATTEMPTS = "dl_attempts";
    private static final String FAILED_AT = "dl_failedat";

    private static final Comparator<ConsumerRecord<byte[], byte[]>> OLDEST_FIRST =
            Comparator.<ConsumerRecord<byte[], byte[]>, Instant>comparing(
                            KafkaDeadLetters::failedAt)
                    .thenComparingInt(ConsumerRecord::partition)
                    .thenComparingLong(ConsumerRecord::offset);

    private final KafkaConsumers consumers;
    private final Set<String> events;
    private final Producer<byte[], byte[]> producer;
    private final EventCodec codec;
    private final InstantSource clock;
    private final BiPredicate<String, Envelope> redeliver;

    private record Letter(DeadLetter letter, Envelope envelope, TopicPartition partition) {}

    /**
     * Redelivering says whether the subscription of that name can be there.
     *
     * @param events the topics of those that become letters
     */
    KafkaDeadLetters(
            KafkaConsumers consumers,
            Set<String> events,
            Producer<byte[], byte[]> producer,
            EventCodec codec,
            InstantSource clock,
            BiPredicate<String, Envelope> redeliver) {
        this.consumers = consumers;
        this.events = events;
        this.producer = producer;
        this.codec = codec;
        this.clock = clock;
        this.redeliver = redeliver;
    }

    void put(FailedDelivery failed) throws ExecutionException, InterruptedException {
        KafkaDelivery delivery = (KafkaDelivery) failed.delivery();
        ProducerRecord<byte[], byte[]> record =
                KafkaEnvelopes.writtenAnew(failed.route().joined(), delivery.envelope());
        Headers headers = record.headers();
        headers.add(SUBSCRIPTION, failed.subscription().getBytes(UTF_8));
        headers.add(REASON, failed.reason().getBytes(UTF_8));
        headers.add(ATTEMPTS, Integer.toString(failed.attempts()).getBytes(UTF_8));
        headers.add(FAILED_AT, Rfc3339.bytes(clock.instant()));
        producer.send(record).get();
    }

    @Override
    public List<DeadLetter> view(DeadLetterRoute route, int limit) {
        PriorityQueue<ConsumerRecord<byte[], byte[]>> oldest =
                new PriorityQueue<>(OLDEST_FIRST.reversed());
        try (LetterReading reading = open(route)) {
            reading.forEach(record -> {
                oldest.add(record);
                if (oldest.size() > limit) {
                    oldest.remove();
                }
            });
        }
        return oldest.stream()
                .sorted(OLDEST_FIRST)
                .map(record -> letter(record, route).letter)
                .toList();
    }

    /** Letters of one partition are oldest first, and so are those of a key. */
    @Override
    public int redrive(DeadLetterRoute route, Predicate<DeadLetter> which) {
        AtomicInteger redriven = new AtomicInteger();
        try (LetterReading reading = open(route)) {
            reading.forEach(record -> {
                Letter letter = letter(record, route);
                if (which.test(letter.letter)
                        && redeliver.test(letter.letter.subscription(), letter.envelope)) {
                    settle(letter);
                    redriven.incrementAndGet();
                }
            });
        }
        return redriven.get();
    }

    /** Between the two a crash leaves the letter where it is: it may be redriven twice. */
    private void settle(Letter letter) {
        ProducerRecord<byte[], byte[]> mark =
                new ProducerRecord<>(
                        letter.partition.topic(), letter.partition.partition(), null, new byte[0]);
        mark.headers().add(LetterReading.SETTLED, letter.letter.id().getBytes(UTF_8));
        try {
            producer.send(mark).get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(
                    "the dead letter " + letter.letter.id() + " was redriven and is still there",
                    e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while marking a dead letter", e);
        }
    }

    private LetterReading open(DeadLetterRoute route) {
        consumers.createLetters(route.joined(), events);
        return new LetterReading(consumers.fromTheBeginning(route.joined()));
    }

    private Letter letter(ConsumerRecord<byte[], byte[]> record, DeadLetterRoute route) {
        Envelope envelope = KafkaEnvelopes.read(record);
        TopicPartition partition = new TopicPartition(record.topic(), record.partition());
        DeadLetter letter =
                new DeadLetter(
                        partition + "-" + record.offset(),
                        textOr(record, SUBSCRIPTION, "unknown"),
                        envelope.id(),
                        envelope.type(),
                        readable(envelope),
                        route,
                        textOr(record, REASON, "unknown"),
                        attempts(record),
                        failedAt(record));
        return new Letter(letter, envelope, partition);
    }

    private static int attempts(ConsumerRecord<?, ?> record) {
        try {
            return Integer.parseInt(textOr(record, ATTEMPTS, "0"));
        } catch (NumberFormatException e) { // not one of ours
            return 0;
        }
    }

    private static Instant failedAt(ConsumerRecord<?, ?> record) {
        String text = LetterReading.text(record, FAILED_AT);
        if (text != null) {
            try {
                return Rfc3339.parse(text);
            } catch (IllegalArgumentException e) {
                // Not one of ours: the moment of its record will do.
            }
        }
        return Instant.ofEpochMilli(record.timestamp());
    }

    private @Nullable BaseEvent readable(Envelope envelope) {
        try {
            return codec.decode(envelope);
        } catch (RuntimeException e) { // a codec's own: the other letters can be seen all the same
            return null;
        }
    }

    private static String textOr(ConsumerRecord<?, ?> record, String name, String missing) {
        String found = LetterReading.text(record, name);
        return found == null ? missing : found;
    }
}
