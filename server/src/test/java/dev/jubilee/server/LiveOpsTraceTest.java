package dev.jubilee.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.search.StoredEvent;
import dev.jubilee.server.bus.trace.TraceStep;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.liveops.progress.EventEffects;
import dev.jubilee.server.testing.MutableClock;
import dev.jubilee.server.testing.Platform;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class LiveOpsTraceTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final String LIVEOPS = "liveops.events";

    @Test
    void aRewardIsAStepOfItsCause() {
        assertThat(steps(LIVEOPS, "{\"reward_id\":\"prize\"}").get("kill"))
                .extracting(TraceStep::step)
                .containsExactly("rewarded");
    }

    @Test
    void whatOthersPublishAsARewardIsNone() {
        assertThat(steps("game.events", "{\"reward_id\":\"prize\"}")).isEmpty();
    }

    @Test
    void whatIsNoJsonFailsNoTrace() {
        assertThat(steps(LIVEOPS, "you won")).isEmpty();
        assertThat(steps("game.events", "you won")).isEmpty();
    }

    private static Map<String, List<TraceStep>> steps(String topic, String payload) {
        EventEffects effects =
                new EventEffects(
                        new Database(platform.dataSource()),
                        "progress",
                        platform.clock(),
                        Duration.ofDays(7));
        StoredEvent reward =
                new StoredEvent(
                        new UUID(0, 1),
                        "reward",
                        true,
                        "liveops.reward.earned",
                        topic,
                        "/test",
                        null,
                        payload,
                        null,
                        0,
                        1,
                        "stored",
                        0,
                        "normal",
                        MutableClock.START,
                        MutableClock.START,
                        MutableClock.START,
                        null,
                        "kill",
                        null,
                        true,
                        false);
        return new LiveOpsTrace(effects).of(List.of(reward));
    }
}
