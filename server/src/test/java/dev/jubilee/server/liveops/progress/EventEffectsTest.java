package dev.jubilee.server.liveops.progress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.liveops.Scene;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.testing.Platform;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class EventEffectsTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Duration RETENTION = Duration.ofDays(7);

    @Test
    void onlyOccurrencesWhoseEventsAreStillKnownAreLookedAt() {
        try (Scene scene = new Scene(platform)) {
            Instant last = scene.clock().instant().minus(RETENTION);
            counted(scene, "running");
            counted(scene, "just_over");
            counted(scene, "long_over");
            complete(scene, "just_over", last);
            complete(scene, "long_over", last.minusMillis(1));

            EventEffects effects =
                    new EventEffects(scene.database(), "progress", scene.clock(), RETENTION);

            assertThat(effects.counted(List.of("kill")))
                    .extracting(EventEffects.Counted::liveEventId)
                    .containsExactlyInAnyOrder("running", "just_over");
        }
    }

    private static void counted(Scene scene, String eventId) {
        Occurrence occurrence = scene.occurrence(eventId, 10, "{}", "[]");
        scene.run(
                "INSERT INTO liveops.progress_ledger VALUES (?::uuid, 'kill')",
                occurrence.occurrenceId());
    }

    private static void complete(Scene scene, String eventId, Instant at) {
        scene.run(
                """
                UPDATE liveops.occurrences SET status = 'completed', completed_at = ?::timestamptz
                 WHERE event_id = ?
                """,
                at,
                eventId);
    }
}
