package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.testing.Platform;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class StatsTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final int EVENTS = 250;

    @Test
    void theFiguresAreThoseOfKnownTrafficAndTheTotalsSurviveARestart() {
        String topic = platform.topic("counted");
        String deleted = platform.topic("deleted");
        String item = "{\"event_type\":\"game.kill\",\"topic\":\"" + topic + "\"}";
        try (BusInstance bus = new BusInstance(platform, Map.of());
                BusInstance other = new BusInstance(platform, Map.of())) {
            bus.post("operator", "/topics", "{\"name\":\"" + topic + "\"}");
            bus.post("operator", "/topics", "{\"name\":\"" + deleted + "\"}");
            assertThat(figures(bus).get("total_events_published").longValue()).isZero();

            publish(bus, item, EVENTS - 100);
            publish(other, item, 100);
            bus.post("service", "/events/publish", item.replace(topic, deleted));
            bus.post("service", "/events/publish", item.replace(topic, "no.such.topic"));
            Await.untilAsserted(
                    "everything is counted",
                    () -> {
                        var figures = figures(bus);
                        assertThat(figures.get("total_events_published").longValue())
                                .isEqualTo(EVENTS + 1);
                        assertThat(figures.get("total_events_consumed").longValue())
                                .isEqualTo(EVENTS + 1);
                        // The other instance tells of its share every five seconds.
                        assertThat(figures.get("throughput_per_second").doubleValue()).isPositive();
                        assertThat(figures.get("error_rate").doubleValue()).isZero();
                        assertThat(figures.get("active_topics").intValue()).isEqualTo(2);
                    });
            // Whoever has the partition measures, after the commit that the totals follow from.
            Await.until(
                    "the processing is measured",
                    () -> Stream.of(bus, other).anyMatch(StatsTest::hasMeasured));
            bus.post("operator", "/topics/" + topic + "/pause", "");
            bus.send("DELETE", "operator", "/topics/" + deleted + "?confirm=" + deleted, null);
        }
        try (BusInstance later = new BusInstance(platform, Map.of())) {
            var figures = figures(later);
            assertThat(figures.get("total_events_published").longValue()).isEqualTo(EVENTS + 1);
            assertThat(figures.get("total_events_consumed").longValue()).isEqualTo(EVENTS + 1);
            assertThat(figures.get("active_topics").intValue()).isZero();
            assertThat(later.get("player", "/stats").status()).isEqualTo(403);
        }
    }

    private static boolean hasMeasured(BusInstance instance) {
        return !instance.registry
                .find("event_bus_event_processing_duration")
                .tag("event_type", "game.kill")
                .timers()
                .isEmpty();
    }

    private static tools.jackson.databind.JsonNode figures(BusInstance bus) {
        Answer answer = bus.get("operator", "/stats");
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body().propertyNames())
                .containsExactlyInAnyOrderElementsOf(
                        List.of(
                                "total_events_published",
                                "total_events_consumed",
                                "active_topics",
                                "active_subscriptions",
                                "average_processing_time",
                                "error_rate",
                                "throughput_per_second"));
        return answer.body();
    }

    private static void publish(BusInstance bus, String item, int count) {
        String batch = "[" + (item + ",").repeat(count - 1) + item + "]";
        assertThat(bus.post("service", "/events/publish/batch", batch).body().get("published"))
                .hasToString(Integer.toString(count));
    }
}
