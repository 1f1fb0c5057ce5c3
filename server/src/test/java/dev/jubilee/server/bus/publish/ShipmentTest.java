package dev.jubilee.server.bus.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.publish.PublishException.Reason;
import java.util.List;
import java.util.Objects;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class ShipmentTest {
    private final Shipment shipment =
            new Shipment(List.of(record(), record(), record()), Long.MAX_VALUE, 0, false);

    @Test
    void whatExpiresIsUnknownWhereItWasHandedOverAndNeverSentWhereNot() {
        handOver(0);
        acknowledge(0);
        handOver(1);

        shipment.expire();

        assertThat(shipment.done()).isDone();
        assertThat(shipment.failure(0)).isNull();
        assertThat(shipment.offset(0)).isEqualTo(70);
        assertThat(reason(1)).isEqualTo(Reason.OUTCOME_UNKNOWN);
        assertThat(reason(2)).isEqualTo(Reason.NOT_SENT);
        assertThat(shipment.take(2)).as("it was said not to be sent").isNull();
    }

    @Test
    void whatComesAfterTheAnswerChangesNothingOfIt() {
        handOver(0);
        shipment.expire();

        acknowledge(0);
        shipment.abandon(1, "ended");
        shipment.expire();

        assertThat(reason(0)).isEqualTo(Reason.OUTCOME_UNKNOWN);
        assertThat(Objects.requireNonNull(shipment.failure(1)).getMessage()).isNotEqualTo("ended");
    }

    private void handOver(int index) {
        assertThat(shipment.take(index)).isNotNull();
    }

    private void acknowledge(int index) {
        var metadata = new RecordMetadata(new TopicPartition("t", 0), 70, 0, 0, 0, 0);
        shipment.acknowledgement(index, Thread.currentThread()).onCompletion(metadata, null);
    }

    private Reason reason(int index) {
        return Objects.requireNonNull(shipment.failure(index)).reason();
    }

    private static ProducerRecord<byte[], byte[]> record() {
        return new ProducerRecord<>("t", new byte[1]);
    }
}
