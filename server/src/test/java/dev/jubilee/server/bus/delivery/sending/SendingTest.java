package dev.jubilee.server.bus.delivery.sending;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SendingTest {
    private final Sending sending = new Sending();

    @Test
    void whatWasGivenUpIsNotSentAnyMore() {
        assertThat(sending.giveUp()).isTrue();

        assertThat(sending.begin()).isFalse();
        assertThat(sending.giveUp()).as("nothing was sent").isTrue();
    }

    @Test
    void whatBeganToBeSentMayHaveArrived() {
        assertThat(sending.begin()).isTrue();

        assertThat(sending.giveUp()).isFalse();
    }
}
