package dev.jubilee.server.liveops.progress;

import static dev.jubilee.server.liveops.progress.Records.event;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.kafka.BatchHandler.Handled;
import dev.jubilee.server.liveops.Scene;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.testing.Platform;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Milestones whose condition looks at the player, who changes beside the metrics. */
class PlayerMilestonesTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final String BEST =
            """
            {"progress": [{"metric": "best", "on": "game.run", "set": "max", "value": "data.points"}]}\
            """;
    private static final String VETERAN =
            """
            [{"reward_id": "veteran", "reward_type": "gold", "reward_value": {"amount": 5}, "reward_condition":
                {"on": "milestone", "when": "progress.best >= 5 && player.level >= 10"}}]\
            """;
    private static int number = 300;

    private Scene scene;
    private Records records;
    private String eventId;

    @BeforeEach
    void set() {
        scene = new Scene(platform);
        records = new Records(++number);
        eventId = "veterans_" + number;
        Occurrence occurrence = scene.occurrence(eventId, 100, BEST, VETERAN);
        scene.join(occurrence, Scene.START, "ann");
        scene.run("DELETE FROM liveops.players");
    }

    @AfterEach
    void strike() {
        scene.run("UPDATE liveops.occurrences SET status = 'completed'");
        scene.close();
    }

    @Test
    void whatThePlayerHasBecomeSinceIsRewardedWithTheNextEventThatCounts() {
        level(9);
        ProgressHandler before =
                new ProgressHandler(scene.parts(), scene.offsets(), StandingCache.oneOf(1));
        run(before, "r1", 7);
        assertThat(granted()).isEmpty();

        level(10);
        try (Scene later = new Scene(platform)) {
            run(
                    new ProgressHandler(later.parts(), later.offsets(), StandingCache.oneOf(1)),
                    "r2",
                    8);
        }
        assertThat(granted()).containsExactly("ann");
    }

    @Test
    void anEventThatBeatsNothingEarnsItAsWell() {
        level(9);
        run(new ProgressHandler(scene.parts(), scene.offsets(), StandingCache.oneOf(1)), "r1", 7);

        level(10);
        try (Scene later = new Scene(platform)) {
            run(
                    new ProgressHandler(later.parts(), later.offsets(), StandingCache.oneOf(1)),
                    "r2",
                    1);
        }
        assertThat(granted()).containsExactly("ann");
    }

    @Test
    void whatWasGrantedIsNeitherGrantedNorWrittenAgain() {
        level(10);
        ProgressHandler handler =
                new ProgressHandler(scene.parts(), scene.offsets(), StandingCache.oneOf(1));
        run(handler, "r1", 7);
        assertThat(granted()).containsExactly("ann");
        String version = version();

        run(handler, "r2", 1);
        run(handler, "r3", 1);

        assertThat(granted()).containsExactly("ann");
        assertThat(version()).isEqualTo(version);
        try (Scene other = new Scene(platform)) {
            run(
                    new ProgressHandler(other.parts(), other.offsets(), StandingCache.oneOf(1)),
                    "r4",
                    9);
        }
        assertThat(granted()).containsExactly("ann");
        assertThat(told()).containsExactly("liveops.reward.earned");
    }

    private void level(int level) {
        scene.run(
                """
                INSERT INTO liveops.players (user_id, level, updated_at) VALUES ('ann', ?::integer, now())
                ON CONFLICT (user_id) DO UPDATE SET level = excluded.level
                """,
                level);
    }

    private void run(ProgressHandler handler, String id, int points) {
        records.write(
                event(
                        eventId + id,
                        "game.run",
                        "ann",
                        Scene.START.plusSeconds(60),
                        "{\"points\": " + points + "}"));
        assertThat(handler.handle(records.next())).isEqualTo(Handled.ADVANCED);
    }

    private List<String> granted() {
        return scene.column("SELECT user_id FROM liveops.grants WHERE event_id = ?", eventId);
    }

    private String version() {
        return scene.value(
                "SELECT xmin FROM liveops.event_participations WHERE event_id = ?", eventId);
    }

    private List<String> told() {
        return scene.column(
                """
                SELECT e ->> 'type' FROM platform.outbox, json_array_elements(events::json) e
                 WHERE e -> 'data' ->> 'event_id' = ?
                """,
                eventId);
    }
}
