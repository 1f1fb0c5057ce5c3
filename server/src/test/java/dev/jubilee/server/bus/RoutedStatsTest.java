package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.testing.Platform;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

/** The figures of a platform that writes to topics in transactions, as to a target topic. */
class RoutedStatsTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final int EVENTS = 40;

    @Test
    void theTotalsCountEventsAndNotTheRecordsThatEndTransactions() {
        String source = platform.topic("source");
        String target = platform.topic("target");
        try (BusInstance bus = new BusInstance(platform, Map.of())) {
            bus.post("operator", "/topics", "{\"name\":\"" + source + "\",\"partitions\":1}");
            bus.post("operator", "/topics", "{\"name\":\"" + target + "\",\"partitions\":2}");
            bus.post(
                    "service",
                    "/subscriptions",
                    """
                    {"service_name": "s", "method": "kafka", "topic_pattern": "%s", "target_topic": "%s"}
                    """
                            .formatted(source, target));
            String item =
                    "{\"event_type\":\"game.kill\",\"topic\":\"" + source + "\",\"key\":\"%s\"}";
            for (int i = 0; i < EVENTS; i++) {
                assertThat(bus.post("service", "/events/publish", item.formatted("p" + i)).status())
                        .isEqualTo(200);
            }

            Await.untilAsserted(
                    "each and its copy are counted once",
                    () -> {
                        JsonNode figures = bus.get("operator", "/stats").body();
                        assertThat(figures.get("total_events_published").longValue())
                                .isEqualTo(2 * EVENTS);
                        assertThat(figures.get("total_events_consumed").longValue())
                                .isEqualTo(2 * EVENTS);
                    });
        }
    }
}
