package dev.jubilee.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class Rfc3339Test {
    @Property
    void writesWhatJavaTimeWritesAndReadsItBack(
            @ForAll @LongRange(min = -62_167_219_200L, max = 253_402_300_799L) long second,
            @ForAll @IntRange(max = 999_999_999) int nano) {
        for (int rounding : new int[] {1, 1000, 1_000_000, 1_000_000_000}) {
            Instant moment = Instant.ofEpochSecond(second, nano / rounding * (long) rounding);

            assertThat(Rfc3339.text(moment)).isEqualTo(moment.toString());
            assertThat(Rfc3339.parse(moment.toString())).isEqualTo(moment);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "2026-11-21T12:00:00+02:00,2026-11-21T10:00:00Z",
        "2026-11-21T10:00:00.5Z,2026-11-21T10:00:00.500Z",
        "2026-11-21T10:00:00.1234567-01:00,2026-11-21T11:00:00.123456700Z",
    })
    void readsOffsetsAndAnyFraction(String text, String moment) {
        assertThat(Rfc3339.parse(text)).isEqualTo(Instant.parse(moment));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "yesterday",
                "2026-11-21",
                "2026-02-30T10:00:00Z",
                "2026-11-21T24:30:00Z",
                "2026-11-21T10:00:60Z",
                "2026-11-21T10:00:00.Z",
                "2026-11-21T10:00:00.1x3Z",
                "2026-11-21 10:00:00Z"
            })
    void refusesTheRestAndSaysWhatWasGiven(String text) {
        assertThatThrownBy(() -> Rfc3339.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("was '" + text + "'");
    }
}
