package dev.jubilee.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.buffer.Buffer;
import org.junit.jupiter.api.Test;

class BodyTest {
    private static final int LARGEST = 8 * 1024 * 1024;

    private final BodyMemory memory = new BodyMemory(LARGEST);

    @Test
    void whatWasAnnouncedIsAllocatedAndCountedOnce() {
        Body body = new Body(memory, 1_000_000, LARGEST);
        assertThat(memory.taken()).isZero();
        body.append(bytes(1));
        assertThat(memory.taken()).isEqualTo(125_000);
        body.append(bytes(125_000));
        assertThat(memory.taken()).isEqualTo(1_000_000);
        body.append(bytes(874_999));

        assertThat(body.bytes()).hasSize(1_000_000);
        assertThat(memory.taken()).isEqualTo(1_000_000);
        body.release();
        assertThat(memory.taken()).isZero();
    }

    @Test
    void thereIsRoomForTwoOfTheLargest() {
        Body one = new Body(memory, LARGEST, LARGEST);
        Body other = new Body(memory, LARGEST, LARGEST);
        for (int i = 0; i < LARGEST / 8_192; i++) {
            assertThat(one.append(bytes(8_192)) && other.append(bytes(8_192))).isTrue();
        }
        assertThat(new Body(memory, 1, LARGEST).append(bytes(1))).isFalse();
        one.release();
        assertThat(new Body(memory, 1, LARGEST).append(bytes(1))).isTrue();
    }

    @Test
    void whatWasNotAnnouncedCountsWithTheRoomItHas() {
        Body body = new Body(memory, -1, LARGEST);
        body.append(bytes(1_000));
        body.append(bytes(1));
        assertThat(memory.taken()).isEqualTo(2_000);

        assertThat(body.bytes()).hasSize(1_001);
        assertThat(memory.taken()).isEqualTo(1_001);
        body.release();
        assertThat(memory.taken()).isZero();
    }

    @Test
    void whatIsCopiedOfABodyThatWasNotAnnouncedNeedsRoomToo() {
        Body body = new Body(memory, -1, LARGEST);
        body.append(bytes(6_000_000));
        assertThat(memory.take(3_000_000)).isTrue();
        assertThat(body.append(bytes(1_000_000))).isFalse();
        memory.giveBack(3_000_000);
        assertThat(body.append(bytes(1_000_000))).isTrue();
        assertThat(memory.taken()).isEqualTo(LARGEST);
    }

    private static Buffer bytes(int count) {
        return Buffer.buffer(new byte[count]);
    }
}
