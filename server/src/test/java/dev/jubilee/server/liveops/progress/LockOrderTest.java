package dev.jubilee.server.liveops.progress;

import static dev.jubilee.server.liveops.progress.Records.event;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.kafka.BatchHandler.Handled;
import dev.jubilee.events.tck.Await;
import dev.jubilee.server.liveops.Scene;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Progress beside others who lock players in the order of their ids, as claims do. */
class LockOrderTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final String KILLS =
            """
            {"progress": [{"metric": "kills", "on": "game.kill", "add": "1"}]}\
            """;
    private static int number = 500;

    private Scene scene;
    private ProgressHandler handler;
    private Records records;
    private Occurrence occurrence;
    private int events;

    @BeforeEach
    void set() {
        scene = new Scene(platform);
        handler = new ProgressHandler(scene.parts(), scene.offsets(), StandingCache.oneOf(1));
        records = new Records(++number);
        occurrence = scene.occurrence("order_" + number, 100, KILLS, "[]");
        scene.join(occurrence, Scene.START, "ann", "bob");
    }

    @AfterEach
    void strike() {
        scene.run("UPDATE liveops.occurrences SET status = 'completed'");
        scene.close();
    }

    @Test
    void whoIsRememberedIsLockedInTheOrderOfAll() throws Exception {
        records.write(kill("ann"));
        assertThat(handler.handle(records.next())).isEqualTo(Handled.ADVANCED);

        batchBesideAClaimOfBoth();

        assertThat(scene.metric(occurrence, "ann", "kills")).isEqualTo("8");
        assertThat(scene.metric(occurrence, "bob", "kills")).isEqualTo("1");
    }

    @Test
    void whoHasChangedSinceIsReadAnewWithoutWaitingBehindOthers() throws Exception {
        records.write(kill("ann"), kill("bob"));
        assertThat(handler.handle(records.next())).isEqualTo(Handled.ADVANCED);
        scene.run(
                "UPDATE liveops.event_participations SET progress = '{}' WHERE event_id = ? AND user_id = 'ann'",
                occurrence.eventId());

        batchBesideAClaimOfBoth();

        assertThat(scene.metric(occurrence, "ann", "kills")).isEqualTo("8");
        assertThat(scene.metric(occurrence, "bob", "kills")).isEqualTo("2");
    }

    /** The other transaction locks ann, then bob, and sets ann's metric to 7. */
    private void batchBesideAClaimOfBoth() throws SQLException {
        records.write(kill("ann"), kill("bob"));
        try (Connection claim = platform.dataSource().getConnection()) {
            claim.setAutoCommit(false);
            lock(claim, "ann", "");
            var batch = records.next();
            CompletableFuture<Handled> handled =
                    CompletableFuture.supplyAsync(() -> handler.handle(batch));
            Await.until("the batch waits", () -> scene.isAnyoneWaiting());
            lock(claim, "bob", "NOWAIT");
            try (PreparedStatement update =
                    claim.prepareStatement(
                            """
                            UPDATE liveops.event_participations SET progress = '{"kills": 7}'
                             WHERE occurrence_id = ? AND user_id = 'ann'
                            """)) {
                update.setObject(1, occurrence.occurrenceId());
                update.executeUpdate();
            }
            claim.commit();
            assertThat(handled.join()).isEqualTo(Handled.ADVANCED);
        }
    }

    private void lock(Connection connection, String user, String waiting) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT 1 FROM liveops.event_participations
                         WHERE occurrence_id = ? AND user_id = ? FOR NO KEY UPDATE\
                        """
                                + " "
                                + waiting)) {
            select.setObject(1, occurrence.occurrenceId());
            select.setString(2, user);
            select.executeQuery().close();
        }
    }

    private Envelope kill(String player) {
        return event(
                occurrence.eventId() + "_" + ++events,
                "game.kill",
                player,
                Scene.START.plusSeconds(60),
                "{}");
    }
}
