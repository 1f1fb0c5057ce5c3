package dev.jubilee.events.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DeadLetter;
import dev.jubilee.events.DeadLetterRoute;
import dev.jubilee.events.DeadLetters;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.Rfc3339;
import dev.jubilee.events.UnreadableEventException;
import dev.jubilee.events.core.FailedDelivery;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/**
 * Dead letters as records of a topic. A record cannot be taken out of a topic, so one that was
 * redriven is followed by a mark that names it; looking means reading the topic to its end.
 */
final class KafkaDeadLetters implements DeadLetters {
    private static final String SUBSCRIPTION = "dl_subscription";
    private static final String REASON = "dl_reason";
    private static final String ATTEMPTS = "dl_attempts";
    private static final String FAILED_AT = "dl_failedat";
    private static final String SETTLED = "dl_settled";
    private static final Duration POLL = Duration.ofMillis(200);

    private final KafkaConsumers consumers;
    private final Producer<byte[], byte[]> producer;
    private final EventCodec codec;
    private final InstantSource clock;
    private final BiPredicate<String, Envelope> redeliver;

    private record Letter(DeadLetter letter, Envelope envelope, TopicPartition partition) {}

    /** Redelivering says whether the subscription of that name can be there. */
    KafkaDeadLetters(
            KafkaConsumers consumers,
            Producer<byte[], byte[]> producer,
            EventCodec codec,
            InstantSource clock,
            BiPredicate<String, Envelope> redeliver) {
        this.consumers = consumers;
        this.producer = producer;
        this.codec = codec;
        this.clock = clock;
        this.redeliver = redeliver;
    }

    void put(FailedDelivery failed) throws ExecutionException, InterruptedException {
        KafkaDelivery delivery = (KafkaDelivery) failed.delivery();
        ProducerRecord<byte[], byte[]> record =
                KafkaEnvelopes.record(failed.route().joined(), delivery.envelope());
        Headers headers = record.headers();
        headers.add(SUBSCRIPTION, failed.subscription().getBytes(UTF_8));
        headers.add(REASON, failed.reason().getBytes(UTF_8));
        headers.add(ATTEMPTS, Integer.toString(failed.attempts()).getBytes(UTF_8));
        headers.add(FAILED_AT, Rfc3339.bytes(clock.instant()));
        producer.send(record).get();
    }

    @Override
    public List<DeadLetter> view(DeadLetterRoute route, int limit) {
        return read(route).stream().limit(limit).map(Letter::letter).toList();
    }

    @Override
    public int redrive(DeadLetterRoute route, Predicate<DeadLetter> which) {
        int redriven = 0;
        for (Letter letter : read(route)) {
            if (which.test(letter.letter)
                    && redeliver.test(letter.letter.subscription(), letter.envelope)) {
                settle(letter);
                redriven++;
            }
        }
        return redriven;
    }

    /** Between the two a crash leaves the letter where it is: it may be redriven twice. */
    private void settle(Letter letter) {
        ProducerRecord<byte[], byte[]> mark =
                new ProducerRecord<>(
                        letter.partition.topic(), letter.partition.partition(), null, new byte[0]);
        mark.headers().add(SETTLED, letter.letter.id().getBytes(UTF_8));
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

    private List<Letter> read(DeadLetterRoute route) {
        consumers.createMissing(Set.of(route.joined()));
        List<Letter> letters = new ArrayList<>();
        Set<String> settled = new HashSet<>();
        try (Consumer<byte[], byte[]> consumer = consumers.fromTheBeginning(route.joined())) {
            Map<TopicPartition, Long> ends = consumer.endOffsets(consumer.assignment());
            while (!isRead(consumer, ends)) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                    String mark = text(record.headers(), SETTLED);
                    if (mark == null) {
                        letters.add(letter(record, route));
                    } else {
                        settled.add(mark);
                    }
                }
            }
        }
        letters.removeIf(letter -> settled.contains(letter.letter.id()));
        letters.sort((one, two) -> one.letter.failedAt().compareTo(two.letter.failedAt()));
        return letters;
    }

    private static boolean isRead(Consumer<?, ?> consumer, Map<TopicPartition, Long> ends) {
        return ends.entrySet().stream()
                .allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
    }

    private Letter letter(ConsumerRecord<byte[], byte[]> record, DeadLetterRoute route) {
        Envelope envelope = KafkaEnvelopes.read(record);
        String attempts = text(record.headers(), ATTEMPTS);
        String failedAt = text(record.headers(), FAILED_AT);
        TopicPartition partition = new TopicPartition(record.topic(), record.partition());
        DeadLetter letter =
                new DeadLetter(
                        partition + "-" + record.offset(),
                        textOr(record.headers(), SUBSCRIPTION, "unknown"),
                        envelope.id(),
                        envelope.type(),
                        readable(envelope),
                        route,
                        textOr(record.headers(), REASON, "unknown"),
                        attempts == null ? 0 : Integer.parseInt(attempts),
                        failedAt == null
                                ? Instant.ofEpochMilli(record.timestamp())
                                : Rfc3339.parse(failedAt));
        return new Letter(letter, envelope, partition);
    }

    private @Nullable BaseEvent readable(Envelope envelope) {
        try {
            return codec.decode(envelope);
        } catch (UnreadableEventException e) {
            return null;
        }
    }

    private static String textOr(Headers headers, String name, String missing) {
        String found = text(headers, name);
        return found == null ? missing : found;
    }

    private static @Nullable String text(Headers headers, String name) {
        Header header = headers.lastHeader(name);
        return header == null || header.value() == null ? null : new String(header.value(), UTF_8);
    }
}
