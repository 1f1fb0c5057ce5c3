package dev.jubilee.server.observability;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import org.junit.jupiter.api.Test;

class EventCountersTest {
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final EventCounters counters =
            new EventCounters(registry, "events", "A test", "success");

    @Test
    void eachTypeOfATopicIsCountedByItself() {
        counters.increment("a", "game.kill");
        counters.increment("a", "game.kill");
        counters.increment("b", "game.kill");
        assertThat(count("a", "game.kill")).isEqualTo(2);
        assertThat(count("b", "game.kill")).isEqualTo(1);
    }

    @Test
    void pastAThousandTypesOfATopicTheRestIsCountedAsOther() {
        for (int i = 0; i < 1_010; i++) {
            counters.increment("a", "game.t" + i);
        }
        counters.increment("a", "game.t1005");
        counters.increment("b", "game.t1005");
        assertThat(count("a", "other")).isEqualTo(11);
        assertThat(count("b", "game.t1005")).isEqualTo(1);
    }

    @Test
    void pastFiveThousandOfAllTopicsTheRestIsCountedAsOther() {
        for (int topic = 0; topic < 10; topic++) {
            for (int i = 0; i < 999; i++) {
                counters.increment("t" + topic, "game.t" + i);
            }
        }
        assertThat(count("t0", "game.t998")).isEqualTo(1);
        assertThat(count("t9", "other")).isEqualTo(999);
        assertThat(registry.getMeters()).hasSizeLessThan(5_020);
    }

    @Test
    void aTypeThatIsTooLongForALabelIsCutBetweenCharacters() {
        counters.increment("a", "x".repeat(99) + "😀");
        List<Meter> meters = registry.getMeters();
        assertThat(meters).hasSize(1);
        assertThat(meters.getFirst().getId().getTag("event_type")).isEqualTo("x".repeat(99));
    }

    private double count(String topic, String type) {
        return registry.get("events").tags("topic", topic, "event_type", type).counter().count();
    }
}
