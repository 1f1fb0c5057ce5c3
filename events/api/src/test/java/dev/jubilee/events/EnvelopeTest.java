package dev.jubilee.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EnvelopeTest {
    private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

    @Test
    void keepsEverythingWhenItIsAccepted() {
        Envelope sent =
                Envelope.of("1", "game.kill", "/arena", NOON)
                        .subject("p1")
                        .partitionKey("p1")
                        .json(new byte[] {'{', '}'})
                        .correlationId("c")
                        .causationId("0")
                        .priority(Priority.HIGH)
                        .replayable(false)
                        .idOrigin(IdOrigin.SERVER)
                        .extensions(Map.of("region", "eu"))
                        .build();

        Envelope accepted = sent.accepted(NOON.plusSeconds(1));

        assertThat(accepted.acceptedAt()).isEqualTo(NOON.plusSeconds(1));
        assertThat(accepted.toBuilder().acceptedAt(null).build()).isEqualTo(sent);
    }

    @Test
    void isEqualByTheBytesOfItsData() {
        Envelope.Builder builder = Envelope.of("1", "t", "s", NOON);

        assertThat(builder.json(new byte[] {1}).build())
                .isEqualTo(builder.json(new byte[] {1}).build())
                .hasSameHashCodeAs(builder.json(new byte[] {2}).build())
                .isNotEqualTo(builder.json(new byte[] {2}).build());
    }

    @Test
    void namesTheRequiredAttributeThatIsEmpty() {
        assertThatThrownBy(() -> Envelope.of("1", "", "s", NOON).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("'type' must not be empty");
    }
}
