package dev.jubilee.server.bus.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SenderLaneTest {
    private static final int MEGABYTE = 1 << 20;
    private static final int MOST_BYTES = 24 * MEGABYTE;

    private final MockProducer<byte[], byte[]> producer =
            new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());
    private boolean started;
    private final SenderLane lane = new SenderLane(producer, 1_000);

    @AfterEach
    void close() {
        start();
        lane.close();
    }

    @Test
    void whatWaitsIsBoundedByBytes() {
        for (int i = 0; i < 24; i++) {
            assertThat(lane.offer(inFlight(MEGABYTE))).isTrue();
        }
        assertThat(lane.offer(inFlight(1))).isFalse();
        assertThat(lane.waiting()).isEqualTo(24);
    }

    @Test
    void aShipmentLargerThanAllTheRoomGoesAlone() {
        assertThat(lane.offer(inFlight(MOST_BYTES + 1))).isTrue();
        assertThat(lane.offer(inFlight(1))).isFalse();
    }

    @Test
    void roomComesBackOnceItWasHandedOver() {
        InFlightPublish first = inFlight(MOST_BYTES);
        assertThat(lane.offer(first)).isTrue();
        start();
        first.done().join();
        InFlightPublish second = inFlight(MOST_BYTES);
        Await.until("there is room", () -> lane.offer(second));
        second.done().join();
        assertThat(producer.history()).hasSize(2);
    }

    @Test
    void whatWasAcceptedBeforeASettledMomentAndComesAfterItIsNotSent() throws Exception {
        start();
        lane.settleThrough(5_000);
        InFlightPublish late = accepted(4_999);
        InFlightPublish onTime = accepted(5_000);
        assertThat(lane.offer(late)).isTrue();
        assertThat(lane.offer(onTime)).isTrue();
        onTime.done().join();
        assertThat(Objects.requireNonNull(late.failure(0)).reason())
                .isEqualTo(PublishException.Reason.NOT_SENT);
        assertThat(onTime.failure(0)).isNull();
        assertThat(producer.history()).hasSize(1);
    }

    @Test
    void settlingAnEarlierMomentAgainTakesNothingBack() throws Exception {
        start();
        lane.settleThrough(5_000);
        lane.settleThrough(3_000);
        InFlightPublish late = accepted(4_999);
        assertThat(lane.offer(late)).isTrue();
        late.done().join();
        assertThat(late.failure(0)).isNotNull();
    }

    /** However long it has had the first already, and whatever waits behind that. */
    @Test
    void nobodyWaitsPastADeadlineForAProducerThatHangs() throws Exception {
        CountDownLatch hanging = new CountDownLatch(1);
        var full =
                new MockProducer<>(
                        false, null, new ByteArraySerializer(), new ByteArraySerializer()) {
                    @Override
                    public synchronized Future<RecordMetadata> send(
                            ProducerRecord<byte[], byte[]> record, Callback callback) {
                        hang(hanging);
                        return super.send(record, callback);
                    }
                };
        try (SenderLane stuck = new SenderLane(full, 1_000)) {
            stuck.start();
            InFlightPublish first = until(Duration.ofMillis(200));
            InFlightPublish second = until(Duration.ofMillis(200));
            assertThat(stuck.offer(first)).isTrue();
            assertThat(stuck.offer(second)).isTrue();

            assertThat(first.done()).succeedsWithin(Duration.ofMinutes(2));
            assertThat(second.done()).succeedsWithin(Duration.ofMinutes(2));
            hanging.countDown();
            stuck.settleThrough(0);
            assertThat(first.failure(0)).isNotNull();
            assertThat(Objects.requireNonNull(second.failure(0)).reason())
                    .isEqualTo(PublishException.Reason.NOT_SENT);
            assertThat(full.history()).as("what was said not to be sent").hasSizeLessThan(2);
        }
    }

    private static void hang(CountDownLatch until) {
        try {
            until.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static InFlightPublish until(Duration deadline) {
        return new InFlightPublish(
                List.of(new ProducerRecord<>("t", new byte[1])),
                Long.MAX_VALUE,
                System.nanoTime() + deadline.toNanos(),
                false);
    }

    private void start() {
        if (!started) {
            started = true;
            lane.start();
        }
    }

    private static InFlightPublish accepted(long epochMillis) {
        return inFlight(1, epochMillis);
    }

    private static InFlightPublish inFlight(int bytes) {
        return inFlight(bytes, Long.MAX_VALUE);
    }

    private static InFlightPublish inFlight(int bytes, long earliest) {
        return new InFlightPublish(
                List.of(new ProducerRecord<>("t", new byte[bytes])),
                earliest,
                System.nanoTime() + Duration.ofMinutes(1).toNanos(),
                false);
    }
}
