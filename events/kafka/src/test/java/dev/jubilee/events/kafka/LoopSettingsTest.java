package dev.jubilee.events.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LoopSettingsTest {
    @Test
    void thePauseGrowsWithTheBatchUpToThePace() {
        LoopSettings settings = LoopSettings.of("group", Map.of()).withPace(Duration.ofMillis(32));

        assertThat(settings.paceAfter(0)).isZero();
        assertThat(settings.paceAfter(8)).as("a few").isZero();
        assertThat(settings.paceAfter(16)).isEqualTo(Duration.ofMillis(8));
        assertThat(settings.paceAfter(40)).isEqualTo(Duration.ofMillis(32));
        assertThat(settings.paceAfter(2500)).isEqualTo(Duration.ofMillis(32));
    }
}
