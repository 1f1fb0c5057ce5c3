package dev.jubilee.server.liveops.progress;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.IdOrigin;
import dev.jubilee.events.OffsetAdvance;
import dev.jubilee.events.PartitionId;
import dev.jubilee.events.kafka.Batch;
import dev.jubilee.events.kafka.KafkaEnvelopes;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.record.TimestampType;

/** A partition as a consumer sees it, without a broker: what was written, and batches of it. */
final class Records {
    static final String TOPIC = "game.events";

    private final PartitionId partition;
    private final List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    private long stored = OffsetAdvance.NONE;
    private int taken;

    Records(int partition) {
        this.partition = new PartitionId(new UUID(0, 7), partition);
    }

    /** An event whose id a client made. */
    static Envelope event(String id, String type, String player, Instant acceptedAt, String data) {
        return Envelope.of(id, type, "/test", acceptedAt)
                .subject(player)
                .partitionKey(player)
                .acceptedAt(acceptedAt)
                .json(data.getBytes(StandardCharsets.UTF_8))
                .build();
    }

    /** The same with an id that the bus made. */
    static Envelope ours(Envelope event) {
        return event.toBuilder().idOrigin(IdOrigin.SERVER).build();
    }

    Records write(Envelope... events) {
        for (Envelope event : events) {
            append(event, event.time());
        }
        return this;
    }

    /** Writes an event that Kafka takes at that time. */
    Records append(Envelope event, Instant at) {
        ProducerRecord<byte[], byte[]> made = KafkaEnvelopes.record(TOPIC, event);
        records.add(
                new ConsumerRecord<>(
                        TOPIC,
                        partition.partition(),
                        records.size(),
                        at.toEpochMilli(),
                        TimestampType.LOG_APPEND_TIME,
                        made.key() == null ? ConsumerRecord.NULL_SIZE : made.key().length,
                        made.value().length,
                        made.key(),
                        made.value(),
                        made.headers(),
                        Optional.empty()));
        return this;
    }

    /** What was written since the last batch; the position moves on as if it were handled. */
    Batch next() {
        Batch batch = peek();
        stored = records.size();
        taken = records.size();
        return batch;
    }

    /** The same, as a second consumer sees it that knows nothing of the first. */
    Batch peek() {
        var step = new OffsetAdvance.Step(partition, TOPIC, stored, records.size());
        return new Batch(
                List.copyOf(records.subList(taken, records.size())),
                new OffsetAdvance("progress-test", List.of(step)));
    }
}
