package dev.jubilee.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LedgerTest {
    private final Ledger ledger = new Ledger(1, 2);

    @Test
    void eventsInTheirKeysOrderCountOnceEach() {
        hear(0, 0);
        hear(1, 0);
        hear(0, 1);
        hear(0, 1);

        assertThat(ledger.heard()).isEqualTo(3);
        assertThat(ledger.again()).isEqualTo(1);
        assertThat(ledger.outOfTurn()).isZero();
    }

    @Test
    void whatOvertakesItsElderIsOutOfTurn() {
        hear(0, 1);
        hear(0, 0);

        assertThat(ledger.outOfTurn()).isEqualTo(1);
        assertThat(ledger.heard()).as("the elder has lost its turn").isEqualTo(1);
    }

    @Test
    void anotherPhaseIsNotHeard() {
        ledger.hear(new Mark(0, 0, 0, 0), 5);

        assertThat(ledger.heard()).isZero();
    }

    @Test
    void latencyIsFromWhenItWasDue() {
        for (int i = 0; i < 100; i++) {
            ledger.hear(new Mark(1, 0, i, 1_000), 1_000 + (i + 1) * 1_000_000L);
        }

        assertThat(ledger.latency()).isEqualTo(new Latency(51_000, 100_000, 100_000, 100_000));
    }

    private void hear(int key, int number) {
        ledger.hear(new Mark(1, key, number, 0), 1);
    }
}
