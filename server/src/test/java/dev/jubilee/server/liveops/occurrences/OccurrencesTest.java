package dev.jubilee.server.liveops.occurrences;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.liveops.Scene;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class OccurrencesTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final String UNREADABLE = "{\"complete_when\": \"progress.kills >\"}";

    private Scene scene;

    @BeforeEach
    void set() {
        scene = new Scene(platform);
    }

    @AfterEach
    void strike() {
        scene.run("UPDATE liveops.occurrences SET status = 'completed'");
        scene.close();
    }

    @Test
    void oneThatCannotBeReadIsLeftOutAndHoldsUpNoOther() {
        UUID broken = scene.announce("broken", 10, UNREADABLE, "[]");
        scene.announce("sound", 10, "{}", "[]");

        scene.occurrences().refreshAll();
        scene.occurrences().refresh(broken);

        assertThat(scene.occurrences().current("sound")).isNotNull();
        assertThat(scene.occurrences().load("broken")).isNull();
        try (Scene restarted = new Scene(platform)) {
            assertThat(restarted.occurrences().open()).hasSize(1);
        }
    }

    @Test
    void oneThatCanBeReadAgainIsThereAgain() {
        UUID broken = scene.announce("mended", 10, UNREADABLE, "[]");
        scene.occurrences().refresh(broken);
        scene.run("UPDATE liveops.occurrences SET config = '{}' WHERE event_id = 'mended'");

        scene.occurrences().refresh(broken);

        assertThat(scene.occurrences().current("mended")).isNotNull();
    }

    @Test
    void whatDidNotChangeIsNoNews() {
        UUID broken = scene.announce("noiseless", 10, UNREADABLE, "[]");
        scene.occurrences().refresh(broken);
        UUID sound = scene.announce("steady", 10, "{}", "[]");
        scene.occurrences().refresh(sound);
        long before = scene.occurrences().revision();

        assertThat(scene.occurrences().load("noiseless")).isNull();
        scene.occurrences().refresh(sound);
        assertThat(scene.occurrences().revision()).isEqualTo(before);

        scene.run("UPDATE liveops.occurrences SET max_participants = 11 WHERE event_id = 'steady'");
        scene.occurrences().refresh(sound);
        assertThat(scene.occurrences().revision()).isEqualTo(before + 1);
    }

    @Test
    void allThatAreReadTogetherReplaceWhatWasKnown() {
        scene.occurrence("ended", 10, "{}", "[]");
        scene.occurrence("twice", 10, "{}", "[]");
        scene.run("UPDATE liveops.occurrences SET status = 'completed' WHERE event_id = 'ended'");
        scene.run(
                """
                INSERT INTO liveops.occurrences (occurrence_id, event_id, number, starts_at, ends_at, status, config,
                    config_version, max_participants)
                SELECT gen_random_uuid(), event_id, 2, ends_at, NULL, 'scheduled', config, 1, 7
                  FROM liveops.occurrences WHERE event_id = 'twice'
                """);
        scene.announce("new", 10, "{}", "[]");

        scene.occurrences().refreshAll();

        assertThat(scene.occurrences().open())
                .extracting(one -> one.eventId() + " " + one.number())
                .containsExactlyInAnyOrder("twice 1", "twice 2", "new 1");
        assertThat(scene.occurrences().current("ended")).isNull();
        assertThat(Objects.requireNonNull(scene.occurrences().current("twice")).number())
                .isEqualTo(1);
        scene.clock().set(Scene.END);
        try {
            assertThat(Objects.requireNonNull(scene.occurrences().current("twice")).number())
                    .isEqualTo(2);
        } finally {
            scene.clock().set(Scene.START);
        }
    }

    @Test
    void aChangeThatCouldNotBeReadIsReadOnceMore() throws SQLException {
        UUID id = scene.announce("unheard", 10, "{}", "[]");
        try (Connection other = platform.connection();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("LOCK TABLE liveops.occurrences IN ACCESS EXCLUSIVE MODE");
            scene.database()
                    .transaction(connection -> {
                        ChangeFeed.announce(connection, Occurrences.SUBJECT, id.toString());
                        return id;
                    });
            Await.until("it is being read", scene::isAnyoneWaiting);
            // Again and again: it is read once more after a second, and waits then too.
            Await.until(
                    "it fails",
                    () ->
                            scene.column(
                                            """
                                            SELECT pg_cancel_backend(pid) FROM pg_stat_activity
                                             WHERE datname = current_database() AND wait_event_type = 'Lock'
                                            """)
                                    .isEmpty());
            other.commit();
        }
        Await.until("it is there", () -> scene.occurrences().current("unheard") != null);
    }
}
