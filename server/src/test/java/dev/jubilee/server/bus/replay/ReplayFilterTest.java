package dev.jubilee.server.bus.replay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Envelope;
import java.time.Instant;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReplayFilterTest {
    /** The last is how the store marks what is Base64 there. */
    @ParameterizedTest
    @CsvSource({
        "application/json, true",
        "application/json; charset=utf-8, true",
        "Application/Vnd.Game+JSON, true",
        "text/plain, false",
        "application/json;base64, false"
    })
    void thePayloadOfEveryKindOfJsonIsLookedInto(String type, boolean taken) {
        Envelope event =
                Envelope.of("e", "game.kill", "/s", Instant.EPOCH)
                        .data(type, "{\"n\": 1}".getBytes(UTF_8))
                        .build();

        assertThat(ReplayFilter.of("{\"payload\": {\"n\": [1]}}").test(event)).isEqualTo(taken);
    }
}
