package dev.jubilee.server.bus.delivery.streams;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.delivery.pending.Delivery;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class StreamWriterTest {
    private static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");

    /** A line break in the body would end the event in the middle. */
    @Test
    void eachLineOfABodyIsALineOfDataHoweverItEnds() {
        assertThat(StreamWriter.text(List.of(event("ä\r\nb\rc\nd\r\r\n")), "-x").toString())
                .isEqualTo(
                        """
                        id: 7-x
                        event: game.kill
                        data: ä
                        data: b
                        data: c
                        data: d
                        data:\s
                        data:\s

                        """);
    }

    @Test
    void anEmptyBodyIsALineOfDataToo() {
        assertThat(StreamWriter.text(List.of(event("")), "").toString())
                .isEqualTo("id: 7\nevent: game.kill\ndata: \n\n");
    }

    private static Delivery event(String body) {
        return new Delivery(
                UUID.randomUUID(),
                7,
                "e7",
                "game.kill",
                "t",
                null,
                1,
                body.getBytes(UTF_8),
                1,
                NOW,
                NOW);
    }
}
