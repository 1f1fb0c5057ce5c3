package dev.jubilee.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.buffer.Buffer;
import org.junit.jupiter.api.Test;

class BodyTest {
    private static final int LARGEST = 8 * 1024 * 1024;

    private final BodyMemory memory = new BodyMemory(LARGEST);

    @Test
    void whatWasAnnouncedIsAllocatedAndCountedOnce() {
        Body body = new Body(memory, null, 1_000_000, LARGEST);
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
        Body one = new Body(memory, null, LARGEST, LARGEST);
        Body other = new Body(memory, null, LARGEST, LARGEST);
        for (int i = 0; i < LARGEST / 8_192; i++) {
            assertThat(one.append(bytes(8_192)) && other.append(bytes(8_192))).isTrue();
        }
        assertThat(new Body(memory, null, 1, LARGEST).append(bytes(1))).isFalse();
        one.release();
        assertThat(new Body(memory, null, 1, LARGEST).append(bytes(1))).isTrue();
    }

    @Test
    void whatWasNotAnnouncedCountsWithTheRoomItHas() {
        Body body = new Body(memory, null, -1, LARGEST);
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
        Body body = new Body(memory, null, -1, LARGEST);
        body.append(bytes(6_000_000));
        assertThat(memory.take(null, 0, 3_000_000)).isTrue();
        assertThat(body.append(bytes(1_000_000))).isFalse();
        memory.giveBack(null, 3_000_000);
        assertThat(body.append(bytes(1_000_000))).isTrue();
        assertThat(memory.taken()).isEqualTo(LARGEST);
    }

    @Test
    void strangersLeaveHalfToThoseWhoHoldAKeyAndRoomToEachOther() {
        Body large = new Body(memory, "ann", LARGEST / 2, LARGEST);
        assertThat(large.append(bytes(LARGEST / 2))).as("one that is larger than a part").isTrue();
        assertThat(new Body(memory, "ann", 1, LARGEST).append(bytes(1)))
                .as("has her part already")
                .isFalse();
        Body second = new Body(memory, "bob", LARGEST / 4, LARGEST);
        assertThat(second.append(bytes(LARGEST / 4))).isTrue();
        assertThat(new Body(memory, "eve", LARGEST / 2, LARGEST).append(bytes(LARGEST / 2)))
                .as("more than half together")
                .isFalse();
        assertThat(new Body(memory, "eve", 1, LARGEST).append(bytes(1))).isTrue();

        Body ofAKey = new Body(memory, null, LARGEST, LARGEST);
        assertThat(ofAKey.append(bytes(LARGEST))).isTrue();
        large.release();
        assertThat(new Body(memory, "ann", 1, LARGEST).append(bytes(1))).isTrue();
    }

    @Test
    void aStrangersBodyOfAnyAllowedLengthIsTakenWhenItIsAlone() {
        Body body = new Body(memory, "ann", -1, LARGEST);
        for (int i = 0; i < LARGEST / 8_192; i++) {
            assertThat(body.append(bytes(8_192))).isTrue();
        }
        assertThat(body.bytes()).hasSize(LARGEST);
        body.release();
        assertThat(memory.taken()).isZero();
    }

    private static Buffer bytes(int count) {
        return Buffer.buffer(new byte[count]);
    }
}
