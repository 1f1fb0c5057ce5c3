package dev.jubilee.server.bus.delivery.streams;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StreamEventIdTest {
    @ParameterizedTest
    @ValueSource(longs = {0, 1, -1, Long.MIN_VALUE, Long.MAX_VALUE})
    void anIdNamesTheDeliveryAndAnyStream(long stream) {
        StreamEventId id = new StreamEventId(123, stream);

        assertThat(id.text()).isEqualTo("123" + StreamEventId.ending(stream));
        assertThat(StreamEventId.parse(id.text())).isEqualTo(id);
    }

    @Test
    void whereEventsAreAcknowledgedItIsThatOfTheDelivery() {
        StreamEventId id = new StreamEventId(123, null);

        assertThat(id.text()).isEqualTo("123");
        assertThat(StreamEventId.parse("123")).isEqualTo(id);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x",
                "-1",
                "1-",
                "1-A",
                "1-a-b",
                "1 ",
                "1234567890123456789",
                "1-zzzzzzzzzzzzz",
                "1-00000000000000"
            })
    void whatIsNoIdIsNone(String text) {
        assertThat(StreamEventId.parse(text)).isNull();
    }
}
