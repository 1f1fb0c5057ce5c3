package dev.jubilee.events.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.Backoff;
import dev.jubilee.events.RetryStrategy;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BusSettingsTest {
    @Test
    void theDefaultsAreThoseOfTheGuide() {
        assertThat(BusSettings.fromEnvironment(Map.of()).retry()).isEqualTo(RetryStrategy.DEFAULT);
        assertThat(RetryStrategy.DEFAULT.maxAttempts()).isEqualTo(3);
        assertThat(RetryStrategy.DEFAULT.backoff()).isEqualTo(Backoff.fixed(Duration.ofSeconds(1)));
        assertThat(RetryStrategy.DEFAULT.route()).isPresent();
    }

    @Test
    void everyVariableCounts() {
        RetryStrategy retry =
                BusSettings.fromEnvironment(
                                Map.of(
                                        "EVENT_RETRY_MAX_ATTEMPTS", "5",
                                        "EVENT_RETRY_DELAY", "2000",
                                        "EVENT_DEAD_LETTER_ENABLED", "false"))
                        .retry();

        assertThat(retry.maxAttempts()).isEqualTo(5);
        assertThat(retry.backoff()).isEqualTo(Backoff.fixed(Duration.ofSeconds(2)));
        assertThat(retry.route()).isEmpty();
    }

    @Test
    void everyMistakeIsSaidAtOnce() {
        assertThatThrownBy(() ->
                        BusSettings.fromEnvironment(
                                Map.of(
                                        "EVENT_RETRY_MAX_ATTEMPTS", "0",
                                        "EVENT_RETRY_DELAY", "1s",
                                        "EVENT_DEAD_LETTER_ENABLED", "yes")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(
                        "EVENT_RETRY_MAX_ATTEMPTS must be a whole number from 1, was '0'")
                .hasMessageContaining("EVENT_RETRY_DELAY must be a whole number from 0, was '1s'")
                .hasMessageContaining("EVENT_DEAD_LETTER_ENABLED must be true or false, was 'yes'");
    }
}
