package dev.jubilee.server.bus.delivery.sending;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SendStateTest {
    private final SendState state = new SendState();

    @Test
    void whatWasGivenUpIsNotSentAnyMore() {
        assertThat(state.giveUp()).isTrue();

        assertThat(state.begin()).isFalse();
        assertThat(state.giveUp()).as("nothing was sent").isTrue();
    }

    @Test
    void whatBeganToBeSentMayHaveArrived() {
        assertThat(state.begin()).isTrue();

        assertThat(state.giveUp()).isFalse();
    }
}
