package dev.jubilee.server.bus.delivery.relays;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.json.CloudEventsJson;
import dev.jubilee.events.json.InvalidCloudEvent;
import dev.jubilee.events.kafka.KafkaEnvelopes;
import dev.jubilee.events.kafka.RetryableException;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.forwarding.ForwardedMarks;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * The topic that one subscription's events are written to. Each batch is a transaction in which its
 * number is committed as well, as the offset of a group of the subscription's own: so Kafka can be
 * asked which batch was the last. Whoever opens it fences all who did before. Not thread-safe.
 */
public final class RoutedTopic implements AutoCloseable {
    private static final String NAME = "jubilee.routed.";
    private static final int PATIENCE_MILLIS = 5_000;

    /** The generation of a group without members. */
    private static final int NOBODY = -1;

    private final Admin admin;
    private final UUID subscription;
    private final String topic;
    private final CloudEventsJson json;
    private final KafkaProducer<byte[], byte[]> producer;
    private final ConsumerGroupMetadata group;
    private final TopicPartition place;

    /**
     * @param kafka how clients reach Kafka
     * @param admin stays the caller's to close
     * @param topic must exist
     */
    RoutedTopic(
            Map<String, Object> kafka,
            Admin admin,
            UUID subscription,
            String topic,
            CloudEventsJson json) {
        this.admin = admin;
        this.subscription = subscription;
        this.topic = topic;
        this.json = json;
        this.group = group(NAME + subscription);
        this.place = new TopicPartition(topic, 0);
        this.producer =
                new KafkaProducer<>(
                        settings(kafka), new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** The outcome of writing a batch. */
    sealed interface Written {
        /** All of it is there. */
        record Committed() implements Written {}

        /** Nothing of it is, and will not be with these: by their place in the batch, why. */
        record Refused(Map<Integer, String> reasons) implements Written {}
    }

    @SuppressWarnings("removal") // otherwise only a consumer has one, and nobody consumes here
    private static ConsumerGroupMetadata group(String name) {
        return new ConsumerGroupMetadata(name, NOBODY, "", Optional.empty());
    }

    private Map<String, Object> settings(Map<String, Object> kafka) {
        Map<String, Object> all = new HashMap<>(kafka);
        all.put(ProducerConfig.CLIENT_ID_CONFIG, NAME + subscription);
        all.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, NAME + subscription);
        all.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, 15_000);
        all.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, PATIENCE_MILLIS);
        all.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, PATIENCE_MILLIS);
        all.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 2 * PATIENCE_MILLIS);
        // Whether a record is too large is the topic's to say.
        all.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, 64 << 20);
        all.put(ProducerConfig.BUFFER_MEMORY_CONFIG, 8L << 20);
        all.put(ProducerConfig.BATCH_SIZE_CONFIG, 64 << 10);
        all.put(ProducerConfig.LINGER_MS_CONFIG, 2);
        all.put(ProducerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 500);
        all.put(ProducerConfig.ENABLE_METRICS_PUSH_CONFIG, false);
        return all;
    }

    /**
     * Fences whoever wrote before, ends what they left open, and says which batch was committed
     * last; null when Kafka knows of none.
     */
    @Nullable Long begin() {
        producer.initTransactions();
        try {
            OffsetAndMetadata last =
                    admin.listConsumerGroupOffsets(
                                    group.groupId(),
                                    new ListConsumerGroupOffsetsOptions().requireStable(true))
                            .partitionsToOffsetAndMetadata()
                            .get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)
                            .get(place);
            return last == null ? null : last.offset();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof GroupIdNotFoundException) {
                return null;
            }
            throw new RetryableException("Kafka: " + e.getMessage(), e.getCause());
        } catch (TimeoutException e) {
            throw new RetryableException("Kafka does not say which batch was written last", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RetryableException("interrupted while asking Kafka", e);
        }
    }

    /** Notes a batch's number although nothing is written. */
    void mark(long batch) {
        producer.beginTransaction();
        commit(batch);
    }

    /**
     * Writes a batch whole or not at all.
     *
     * @throws KafkaException when which of the two is not known: open it anew and ask
     */
    Written write(long batch, List<Delivery> deliveries) {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>(deliveries.size());
        Map<Integer, String> unfit = new HashMap<>();
        for (int i = 0; i < deliveries.size(); i++) {
            try {
                records.add(record(deliveries.get(i)));
            } catch (InvalidCloudEvent | IllegalArgumentException e) {
                // Some can be stored and yet not be written as an event: tried again, they never
                // end.
                unfit.put(i, String.valueOf(e.getMessage()));
            }
        }
        return unfit.isEmpty() ? commitAll(batch, records) : new Written.Refused(unfit);
    }

    private Written commitAll(long batch, List<ProducerRecord<byte[], byte[]>> records) {
        producer.beginTransaction();
        List<Future<RecordMetadata>> sent = new ArrayList<>(records.size());
        try {
            for (ProducerRecord<byte[], byte[]> one : records) {
                sent.add(producer.send(one));
            }
            producer.flush();
        } catch (KafkaException e) {
            // A record before was refused; which one it is, its future knows.
            if (refused(sent).isEmpty()) {
                throw e;
            }
        }
        Map<Integer, String> reasons = refused(sent);
        if (!reasons.isEmpty()) {
            producer.abortTransaction();
            return new Written.Refused(reasons);
        }
        commit(batch);
        return new Written.Committed();
    }

    private void commit(long batch) {
        producer.sendOffsetsToTransaction(Map.of(place, new OffsetAndMetadata(batch)), group);
        producer.commitTransaction();
    }

    /** The records that Kafka will never take. */
    private static Map<Integer, String> refused(List<Future<RecordMetadata>> sent) {
        Map<Integer, String> reasons = new HashMap<>();
        for (int i = 0; i < sent.size(); i++) {
            if (sent.get(i).state() == Future.State.FAILED) {
                Throwable cause = sent.get(i).exceptionNow();
                if (cause instanceof RecordTooLargeException
                        || cause instanceof InvalidRecordException) {
                    reasons.put(i, String.valueOf(cause.getMessage()));
                }
            }
        }
        return reasons;
    }

    private ProducerRecord<byte[], byte[]> record(Delivery delivery) {
        Envelope event = json.read(delivery.body());
        Map<String, String> extensions = new HashMap<>(event.extensions());
        extensions.put(ForwardedMarks.RELAY, subscription.toString());
        return KafkaEnvelopes.record(topic, event.toBuilder().extensions(extensions).build());
    }

    @Override
    public void close() {
        producer.close(Duration.ZERO);
    }
}
