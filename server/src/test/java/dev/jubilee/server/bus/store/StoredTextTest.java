package dev.jubilee.server.bus.store;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StoredTextTest {
    private static final String SMILE = "\uD83D\uDE00";

    @Test
    void whatAColumnTakesStaysAsItIs() {
        assertThat(StoredText.clip("ab" + SMILE, 4)).isEqualTo("ab" + SMILE);
    }

    @Test
    void aSurrogatePairIsNotCutInTwo() {
        assertThat(StoredText.clip("abc" + SMILE, 4)).isEqualTo("abc");
    }

    @Test
    void zeroIsReplaced() {
        assertThat(StoredText.clip("a\0b", 10)).isEqualTo("a\uFFFDb");
        assertThat(StoredText.eventId("a\0b")).isEqualTo("a\uFFFDb");
    }

    @Test
    void anIdThatIsTooLongIsKnownByItsHash() {
        String longest = "x".repeat(100);

        assertThat(StoredText.eventId(longest)).isEqualTo(longest);
        assertThat(StoredText.eventId(longest + "y"))
                .hasSize(36)
                .isEqualTo(StoredText.eventId(longest + "y"))
                .isNotEqualTo(StoredText.eventId(longest + "z"));
    }
}
