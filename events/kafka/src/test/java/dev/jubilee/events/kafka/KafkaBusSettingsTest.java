package dev.jubilee.events.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.core.BusSettings;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KafkaBusSettingsTest {
    @ParameterizedTest
    @CsvSource({
        "acks, 1",
        "acks, 0",
        "enable.idempotence, false",
        "partitioner.ignore.keys, true",
        "transactional.id, mine",
        "group.id, mine",
        "group.instance.id, mine",
        "group.protocol, consumer",
        "enable.auto.commit, true",
        "auto.offset.reset, latest",
        "isolation.level, read_uncommitted",
        "key.serializer, mine",
        "value.serializer, mine",
        "key.deserializer, mine",
        "value.deserializer, mine"
    })
    void whatWouldBreakAPromiseIsRefusedByName(String name, String value) {
        assertThatThrownBy(() -> settings(Map.of(name, value)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + name + "'")
                .hasMessageContaining("'" + value + "'");
    }

    @Test
    void everyOneOfThemIsNamed() {
        assertThatThrownBy(() -> settings(Map.of("acks", 1, "enable.auto.commit", true)))
                .hasMessageContaining("'acks' can only be -1 or all")
                .hasMessageContaining("'enable.auto.commit' can only be false");
    }

    @Test
    void whatKeepsThePromisesIsTaken() {
        Map<String, Object> kept =
                Map.of("acks", "all", "enable.auto.commit", false, "linger.ms", 20);

        assertThat(settings(kept).kafka()).containsAllEntriesOf(kept);
    }

    private static KafkaBusSettings settings(Map<String, Object> more) {
        Map<String, Object> all = new HashMap<>(more);
        all.put("bootstrap.servers", "localhost:9092");
        return new KafkaBusSettings(all, KafkaTopics.one("events"), BusSettings.defaults());
    }
}
