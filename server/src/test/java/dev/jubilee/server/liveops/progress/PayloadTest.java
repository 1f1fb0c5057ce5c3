package dev.jubilee.server.liveops.progress;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.databind.JsonNode;

class PayloadTest {
    private static final byte[] JSON = "{\"damage\":7}".getBytes(UTF_8);

    @Test
    void treesAreKeptAsFarAsTheBudgetGoes() {
        Payload.Budget budget = new Payload.Budget(2L * JSON.length);
        Payload first = Payload.of(JSON, budget);
        Payload second = Payload.of(JSON, budget);
        Payload third = Payload.of(JSON, budget);
        Payload fourth = Payload.of(JSON, budget);

        assertThat(first.tree()).isSameAs(first.tree());
        assertThat(second.tree()).isSameAs(second.tree());
        JsonNode once = third.tree();
        assertThat(fourth.tree()).isEqualTo(once).isNotSameAs(once);
        assertThat(third.tree()).isEqualTo(once).isNotSameAs(once);
    }

    /** All rules that look at one event in turn. */
    @Test
    void beyondTheBudgetTheLastTreeServesAgain() {
        Payload large = Payload.of(JSON, new Payload.Budget(0));

        assertThat(large.tree()).isSameAs(large.tree());
    }

    @Test
    void whatWouldMakeALargeTreeIsNotRead() {
        byte[] many = ("[" + "{},".repeat(200_000) + "{}]").getBytes(UTF_8);
        assertThatThrownBy(() -> Payload.of(many, new Payload.Budget(Long.MAX_VALUE)))
                .isInstanceOf(StreamConstraintsException.class);
    }

    @Test
    void noBytesAreAnEmptyObject() {
        assertThat(Payload.of(new byte[0], new Payload.Budget(0)).tree().toString())
                .isEqualTo("{}");
    }
}
