package dev.jubilee.server.liveops.events;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.liveops.Scene;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.testing.Platform;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

class EventReadsTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final String REWARD =
            """
            [{"reward_id": "prize", "reward_type": "gold", "reward_value": {"amount": 5}}]\
            """;

    private Scene scene;
    private final AtomicLong now = new AtomicLong();
    private volatile long aLook;

    @BeforeEach
    void begin() {
        scene = new Scene(platform);
    }

    @AfterEach
    void finish() {
        scene.close();
    }

    @Test
    void whatTakesLongToCountIsNotCountedForEveryLook() {
        EventReads reads = new EventReads(scene.database(), this::time);
        Occurrence occurrence = scene.occurrence("counted", 10, "{}", "[]");
        assertThat(completed(reads)).isZero();
        aLook = Duration.ofSeconds(1).toNanos();

        scene.join(occurrence, Scene.START, "ann");
        scene.run(
                "UPDATE liveops.event_participations SET status = 'completed' WHERE event_id = 'counted'");
        assertThat(completed(reads)).as("what is quick is counted anew").isEqualTo(1);
        aLook = 0;

        scene.join(occurrence, Scene.START, "bob");
        scene.run(
                "UPDATE liveops.event_participations SET status = 'completed' WHERE event_id = 'counted'");
        assertThat(completed(reads)).isEqualTo(1);
        now.addAndGet(Duration.ofMinutes(1).toNanos());
        assertThat(completed(reads)).isEqualTo(2);
    }

    @Test
    void claimsAreCountedInTheLatestOccurrenceThatHasBegun() {
        EventReads reads = new EventReads(scene.database());
        scene.occurrence("again", 10, "{}", REWARD);
        for (int number = 2; number <= 3; number++) {
            scene.run(
                    """
                    INSERT INTO liveops.occurrences (occurrence_id, event_id, number, starts_at, ends_at, status, config,
                           config_version, max_participants)
                    SELECT gen_random_uuid(), event_id, ?::integer, starts_at, ends_at,
                           CASE ? WHEN '2' THEN 'active' ELSE 'scheduled' END, config, 1, 10
                      FROM liveops.occurrences WHERE event_id = 'again' AND number = 1
                    """,
                    number,
                    number);
        }
        scene.run(
                """
                INSERT INTO liveops.occurrence_rewards (occurrence_id, event_id, reward_id)
                SELECT occurrence_id, event_id, 'prize' FROM liveops.occurrences WHERE event_id = 'again'
                """);
        scene.run(
                """
                UPDATE liveops.occurrence_rewards r SET current_claims = 10 * number
                  FROM liveops.occurrences o WHERE o.occurrence_id = r.occurrence_id AND o.event_id = 'again'
                   AND number < 3
                """);

        assertThat(detail(reads, "again").at("/rewards/0/current_claims").asInt()).isEqualTo(20);
    }

    /** Each look at the time takes a while. */
    private long time() {
        return now.addAndGet(aLook);
    }

    private static int completed(EventReads reads) {
        return detail(reads, "counted").at("/analytics/completed").asInt();
    }

    private static JsonNode detail(EventReads reads, String eventId) {
        return Objects.requireNonNull(reads.detail(eventId, false));
    }
}
