package dev.jubilee.server.liveops.participation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.liveops.Scene;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.testing.Platform;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ParticipantReadsTest {
    @RegisterExtension static final Platform platform = new Platform();

    @Test
    void aPlaceIsShownOnceTheWholeRankingIsFrozen() {
        try (Scene scene = new Scene(platform)) {
            Occurrence occurrence = scene.occurrence("ranked", 10, "{}", "[]");
            UUID id = occurrence.occurrenceId();
            scene.join(occurrence, Scene.START, "ann");
            scene.run("UPDATE liveops.event_participations SET final_rank = 3");
            ParticipantReads reads = new ParticipantReads(scene.database());

            assertThat(find(reads, id).finalRank()).isNull();
            scene.run("UPDATE liveops.occurrences SET frozen_at = now()");
            assertThat(find(reads, id).finalRank()).isEqualTo(3);
        }
    }

    private static ParticipantView find(ParticipantReads reads, UUID occurrenceId) {
        return Objects.requireNonNull(reads.find(occurrenceId, "ann"));
    }
}
