package dev.jubilee.events.micrometer;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class LatencyHistogramTest {
    private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE);

    private final LatencyHistogram histogram = new LatencyHistogram();

    @Test
    void whatIsLongerThanNanosecondsCountIsTheLongest() {
        histogram.add(Duration.ofDays(400 * 365));
        histogram.add(Duration.ofSeconds(Long.MAX_VALUE, 999_999_999));

        assertThat(histogram.total()).isEqualTo(2);
        assertThat(histogram.average()).isEqualTo(LONGEST);
        assertThat(histogram.quantile(0.5)).isGreaterThan(Duration.ofDays(8 * 365));
    }

    @Test
    void whatTookLessThanNothingTookNothing() {
        histogram.add(Duration.ofSeconds(Long.MIN_VALUE));

        assertThat(histogram.average()).isZero();
        assertThat(histogram.quantile(0.99)).isZero();
    }
}
