package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.testing.CountedStatements;
import dev.jubilee.server.testing.Platform;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a change costs those whom it does not concern. */
class WakingTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final int SUBSCRIPTIONS = 30;
    private static final String LOOKS = "OR EXISTS";

    @Test
    void aSubscriptionThatIsWrittenToATopicDoesNotLookBecauseAnotherChanges() {
        CountedStatements statements = new CountedStatements(platform.dataSource());
        try (BusInstance bus =
                new BusInstance(platform, Map.of(), platform.brokers(), statements.dataSource())) {
            String source = topic(bus, "source");
            String target = topic(bus, "target");
            for (int i = 0; i < SUBSCRIPTIONS; i++) {
                routed(bus, source, target);
            }
            Await.until("each has looked", () -> statements.with(LOOKS) >= SUBSCRIPTIONS);
            statements.forget();

            String last = routed(bus, source, target);
            Await.until("the new one looks", () -> statements.with(LOOKS) > 0);
            topic(bus, "another");
            pause(bus, last, "pause");
            pause(bus, last, "resume");
            routed(bus, source, target);
            Await.until("the newest looks", () -> statements.with(LOOKS) > 1);

            assertThat(statements.with(LOOKS)).isLessThan(SUBSCRIPTIONS);
        }
    }

    private static void pause(BusInstance bus, String subscription, String how) {
        assertThat(bus.post("service", "/subscriptions/" + subscription + "/" + how, "").status())
                .isEqualTo(200);
    }

    private static String topic(BusInstance bus, String name) {
        String full = platform.topic(name);
        Answer made = bus.post("operator", "/topics", "{\"name\": \"" + full + "\"}");
        assertThat(made.status()).isEqualTo(201);
        return full;
    }

    private static String routed(BusInstance bus, String source, String target) {
        Answer made =
                bus.post(
                        "service",
                        "/subscriptions",
                        """
                        {"service_name": "s", "method": "kafka", "topic_pattern": "%s", "target_topic": "%s"}
                        """
                                .formatted(source, target));
        assertThat(made.status()).as(made.body().toString()).isEqualTo(201);
        return made.text("subscription_id");
    }
}
