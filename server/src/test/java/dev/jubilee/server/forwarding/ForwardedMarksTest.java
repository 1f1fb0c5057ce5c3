package dev.jubilee.server.forwarding;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.kafka.KafkaEnvelopes;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ForwardedMarksTest {
    @ParameterizedTest
    @CsvSource({"replayid, true", "routedby, true", "traceparent, false"})
    void aMarkIsSeenInAnEventAndInTheHeadersOfItsRecord(String extension, boolean marked) {
        Envelope event =
                Envelope.of("1", "game.kill", "/test", Instant.EPOCH)
                        .extensions(Map.of(extension, "it"))
                        .build();

        assertThat(ForwardedMarks.areIn(event)).isEqualTo(marked);
        assertThat(ForwardedMarks.areIn(KafkaEnvelopes.record("a.topic", event).headers()))
                .isEqualTo(marked);
    }
}
