package dev.jubilee.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AnswerMemoryTest {
    private static final int MIB = 1024 * 1024;

    private final AnswerMemory memory = new AnswerMemory();

    @Test
    void oneStrangerHasAnEighthAndAllOfThemHalf() {
        for (int i = 0; i < 4; i++) {
            String who = "stranger " + i;
            assertThat(memory.take(who, MIB)).isTrue();
            assertThat(memory.take(who, MIB)).isTrue();
            assertThat(memory.take(who, MIB)).as("the third of one").isFalse();
        }
        assertThat(memory.take("one more", MIB)).as("more than half").isFalse();
        assertThat(memory.take(null, 8 * MIB)).as("who holds a key").isTrue();
        assertThat(memory.take(null, 1)).as("more than all").isFalse();

        memory.giveBack("stranger 0", MIB);
        assertThat(memory.take("one more", MIB)).isTrue();
    }

    @Test
    void aStrangerThatHoldsNothingMayHaveOneThatIsLarger() {
        assertThat(memory.take("a", 7 * MIB)).isTrue();
        assertThat(memory.take("a", 1)).isFalse();
        memory.giveBack("a", 7 * MIB);
        assertThat(memory.take("a", memory.share(100 * MIB))).isTrue();
    }
}
