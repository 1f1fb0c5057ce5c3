package dev.jubilee.events.kafka;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.core.Delivery;
import java.util.Objects;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** One record on its way to a handler. */
final class KafkaDelivery implements Delivery {
    private final Envelope envelope;
    private final At at;
    private final EventCodec codec;
    private final HandledOffsets.@Nullable Offset offset;
    private @Nullable BaseEvent read;

    /** Where its record is. */
    record At(TopicPartition partition, long offset) {}

    /** Without an offset to be done nothing is redelivered. */
    KafkaDelivery(
            Envelope envelope, At at, EventCodec codec, HandledOffsets.@Nullable Offset offset) {
        this.envelope = envelope;
        this.at = at;
        this.codec = codec;
        this.offset = offset;
    }

    At at() {
        return at;
    }

    Envelope envelope() {
        return envelope;
    }

    @Override
    public String key() {
        return Objects.requireNonNullElse(envelope.partitionKey(), envelope.id());
    }

    /** Read when it is handled, by the worker, and once. */
    @Override
    public BaseEvent event() {
        BaseEvent event = read;
        if (event == null) {
            event = codec.decode(envelope);
            read = event;
        }
        return event;
    }

    @Override
    public boolean isOurs() {
        return offset == null || !offset.isRevoked();
    }

    @Override
    public void settled() {
        if (offset != null) {
            offset.done();
        }
    }

    @Override
    public boolean returned() {
        return offset != null;
    }

    @Override
    public int bytes() {
        return envelope.data().length;
    }
}
