package dev.jubilee.server.liveops.progress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.liveops.Scene;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.testing.Platform;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class LedgerPurgeTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Duration RETENTION = Duration.ofDays(7);

    @Test
    void onlyWhatCountedForOccurrencesThatAreLongOverIsForgotten() {
        try (Scene scene = new Scene(platform)) {
            Instant end = scene.clock().instant().minus(RETENTION);
            counted(scene, "running", "active", null);
            counted(scene, "closing", "closing", null);
            counted(scene, "completed", "completed", end.minusMillis(1));
            counted(scene, "just_completed", "completed", end);
            counted(scene, "cancelled", "cancelled", null);
            counted(scene, "just_cancelled", "cancelled", null);
            changed(scene, "running", end.minusMillis(1));
            changed(scene, "cancelled", end.minusMillis(1));
            changed(scene, "just_cancelled", end);

            LedgerPurge purge = new LedgerPurge(scene.database(), scene.clock(), RETENTION);
            assertThat(purge.run()).isEqualTo(2 * 6_000);
            assertThat(purge.run()).isZero();

            assertThat(
                            scene.column(
                                    """
                                    SELECT DISTINCT o.event_id FROM liveops.progress_ledger l
                                      JOIN liveops.occurrences o USING (occurrence_id) ORDER BY 1
                                    """))
                    .containsExactly("closing", "just_cancelled", "just_completed", "running");
        }
    }

    private static void counted(Scene scene, String eventId, String status, @Nullable Instant at) {
        Occurrence occurrence = scene.occurrence(eventId, 10, "{}", "[]");
        scene.run(
                """
                UPDATE liveops.occurrences SET status = ?, completed_at = nullif(?, 'null')::timestamptz
                 WHERE occurrence_id = ?::uuid
                """,
                status,
                String.valueOf(at),
                occurrence.occurrenceId());
        scene.run(
                """
                INSERT INTO liveops.progress_ledger
                SELECT ?::uuid, 'event_' || n FROM generate_series(1, 6000) n
                """,
                occurrence.occurrenceId());
    }

    private static void changed(Scene scene, String eventId, Instant at) {
        scene.run(
                "UPDATE liveops.events SET updated_at = ?::timestamptz WHERE event_id = ?",
                at,
                eventId);
    }
}
