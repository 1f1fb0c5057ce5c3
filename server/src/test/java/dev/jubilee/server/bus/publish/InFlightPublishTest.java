package dev.jubilee.server.bus.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.publish.PublishException.Reason;
import java.util.List;
import java.util.Objects;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class InFlightPublishTest {
    private final InFlightPublish inFlight =
            new InFlightPublish(List.of(record(), record(), record()), Long.MAX_VALUE, 0, false);

    @Test
    void whatExpiresIsUnknownWhereItWasHandedOverAndNeverSentWhereNot() {
        handOver(0);
        acknowledge(0);
        handOver(1);

        inFlight.expire();

        assertThat(inFlight.done()).isDone();
        assertThat(inFlight.failure(0)).isNull();
        assertThat(inFlight.offset(0)).isEqualTo(70);
        assertThat(reason(1)).isEqualTo(Reason.OUTCOME_UNKNOWN);
        assertThat(reason(2)).isEqualTo(Reason.NOT_SENT);
        assertThat(inFlight.take(2)).as("it was said not to be sent").isNull();
    }

    @Test
    void whatComesAfterTheAnswerChangesNothingOfIt() {
        handOver(0);
        inFlight.expire();

        acknowledge(0);
        inFlight.abandon(1, "ended");
        inFlight.expire();

        assertThat(reason(0)).isEqualTo(Reason.OUTCOME_UNKNOWN);
        assertThat(Objects.requireNonNull(inFlight.failure(1)).getMessage()).isNotEqualTo("ended");
    }

    private void handOver(int index) {
        assertThat(inFlight.take(index)).isNotNull();
    }

    private void acknowledge(int index) {
        var metadata = new RecordMetadata(new TopicPartition("t", 0), 70, 0, 0, 0, 0);
        inFlight.acknowledgement(index, Thread.currentThread()).onCompletion(metadata, null);
    }

    private Reason reason(int index) {
        return Objects.requireNonNull(inFlight.failure(index)).reason();
    }

    private static ProducerRecord<byte[], byte[]> record() {
        return new ProducerRecord<>("t", new byte[1]);
    }
}
