package dev.jubilee.server.bus.delivery.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class CircuitBreakerTest {
    private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");

    private final CircuitBreaker breaker = new CircuitBreaker();

    @Test
    void itOpensWhenTenKeysFailInARow() {
        fail(9);
        assertThat(breaker.state()).isEqualTo(CircuitBreaker.State.CLOSED);
        breaker.failed(NOW, "the tenth");
        assertThat(breaker.state()).isEqualTo(CircuitBreaker.State.OPEN);
        assertThat(breaker.allows(NOW.plusSeconds(4), 0)).isFalse();
        assertThat(breaker.allows(NOW.plusSeconds(5), 0)).isTrue();
    }

    @Test
    void oneKeyThatFailsAgainAndAgainLeavesItClosed() {
        for (int i = 0; i < 1_000; i++) {
            breaker.failed(NOW, "poisoned");
        }
        assertThat(breaker.state()).isEqualTo(CircuitBreaker.State.CLOSED);
    }

    @Test
    void anEndpointThatIsNotThereOpensItWhosoeverEventsTheyAre() {
        for (int i = 0; i < 10; i++) {
            breaker.failed(NOW, null);
        }
        assertThat(breaker.state()).isEqualTo(CircuitBreaker.State.OPEN);
    }

    @Test
    void whatSucceedsLetsAllFailuresBeForgotten() {
        fail(9);
        breaker.succeeded();
        fail(9);
        assertThat(breaker.state()).isEqualTo(CircuitBreaker.State.CLOSED);
    }

    @Test
    void aKeyThatKeepsFailingDoesNotKeepItOpen() {
        fail(10);
        Instant later = NOW.plusSeconds(5);
        assertThat(breaker.allows(later, 0)).isTrue();
        for (int i = 0; i < 10; i++) {
            breaker.failed(later, "poisoned");
        }
        assertThat(breaker.allows(later, 0)).as("another may be well").isTrue();
        assertThat(breaker.allows(later, 1)).as("one by one").isFalse();
        breaker.succeeded();
        assertThat(breaker.state()).isEqualTo(CircuitBreaker.State.CLOSED);
    }

    @Test
    void itOpensAgainForTwiceAsLongWhenThreeFail() {
        fail(10);
        Instant later = NOW.plusSeconds(5);
        for (String key : List.of("a", "b", "c")) {
            assertThat(breaker.allows(later, 0)).isTrue();
            breaker.failed(later, key);
        }
        assertThat(breaker.state()).isEqualTo(CircuitBreaker.State.OPEN);
        assertThat(breaker.until()).isEqualTo(later.plus(Duration.ofSeconds(10)));
    }

    private void fail(int keys) {
        for (int i = 0; i < keys; i++) {
            breaker.failed(NOW, "key " + i);
        }
    }
}
