package dev.jubilee.server.bus.publish;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class KafkaBreakerTest {
    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5);
    private final KafkaBreaker breaker = new KafkaBreaker(now::get);

    @Test
    void itOpensAfterFailuresInARowOnly() {
        for (int i = 1; i < KafkaBreaker.FAILURES; i++) {
            breaker.failed();
        }
        breaker.acknowledged();
        for (int i = 1; i < KafkaBreaker.FAILURES; i++) {
            breaker.failed();
        }
        assertThat(breaker.lets()).isTrue();
        breaker.failed();
        assertThat(breaker.lets()).isFalse();
    }

    @Test
    void oneRequestASecondFindsOutWhetherKafkaIsBack() {
        for (int i = 0; i < KafkaBreaker.FAILURES; i++) {
            breaker.failed();
        }
        assertThat(breaker.lets()).isFalse();
        now.addAndGet(TimeUnit.SECONDS.toNanos(1));
        assertThat(breaker.lets()).isTrue();
        assertThat(breaker.lets()).isFalse();
        breaker.failed();
        assertThat(breaker.lets()).isFalse();

        now.addAndGet(TimeUnit.SECONDS.toNanos(1));
        assertThat(breaker.lets()).isTrue();
        breaker.acknowledged();
        assertThat(breaker.lets()).isTrue();
        assertThat(breaker.isOpen()).isFalse();
    }
}
