package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.testing.Platform;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A PostgreSQL that is gone while events are published. */
class PostgresAwayTest {
    @RegisterExtension static final Platform platform = new Platform();

    @Test
    void publishingGoesOnAndATopicThatCannotBeLookedUpIsNotCalledUnknown() {
        String topic = platform.topic("kept");
        try (BusInstance bus = new BusInstance(platform, Map.of())) {
            bus.post("operator", "/topics", "{\"name\":\"" + topic + "\"}");
            bus.withoutPostgres(() -> publish(bus, topic));
        }
    }

    private static void publish(BusInstance bus, String topic) {
        Answer batch =
                bus.post(
                        "service",
                        "/events/publish/batch",
                        "[" + event(topic) + "," + event("no.such") + "]");
        assertThat(batch.status()).isEqualTo(200);
        assertThat(batch.body().path("results").path(0).path("offset").asLong(-1)).isNotNegative();
        assertThat(batch.body().path("results").path(1).path("error").path("status").asInt(0))
                .isEqualTo(503);

        Answer one = bus.post("service", "/events/publish", event("no.such"));
        assertThat(one.status()).isEqualTo(503);
        assertThat(one.text("code")).isEqualTo("topic_not_looked_up");
        assertThat(one.headers().firstValue("Retry-After")).hasValue("1");
    }

    private static String event(String topic) {
        return "{\"event_type\":\"game.kill\",\"topic\":\"" + topic + "\"}";
    }
}
