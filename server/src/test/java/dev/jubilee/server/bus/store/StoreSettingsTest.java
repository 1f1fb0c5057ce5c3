package dev.jubilee.server.bus.store;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StoreSettingsTest {
    @ParameterizedTest
    @CsvSource({"1, 1", "2, 1", "3, 1", "4, 2", "64, 2"})
    void aSecondConsumerHasProcessorsOfItsOwn(int processors, int consumers) {
        assertThat(StoreSettings.consumersFor(processors)).isEqualTo(consumers);
    }
}
