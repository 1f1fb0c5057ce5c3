package dev.jubilee.server.liveops.progress;

import static dev.jubilee.server.liveops.progress.Records.event;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.kafka.Batch;
import dev.jubilee.events.kafka.BatchHandler.Handled;
import dev.jubilee.events.kafka.RetryableException;
import dev.jubilee.server.liveops.Scene;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.testing.Platform;
import java.sql.SQLException;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SqlErrorClassTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Instant NOW = Scene.START.plusSeconds(60);
    private static final String POINTS =
            """
            {"progress": [{"metric": "points", "on": "game.run", "add": "data.points"}]}\
            """;

    private Scene scene;
    private ProgressHandler handler;

    @BeforeEach
    void set() {
        scene = new Scene(platform);
        handler = new ProgressHandler(scene.parts(), scene.offsets(), StandingCache.oneOf(1));
    }

    @AfterEach
    void strike() {
        scene.run("UPDATE liveops.occurrences SET status = 'completed'");
        scene.close();
    }

    @ParameterizedTest
    @CsvSource({
        "22003, REFUSAL",
        "23514, REFUSAL",
        "54000, REFUSAL",
        "40P01, COLLISION",
        "40001, COLLISION",
        "55P03, COLLISION",
        "42501, ABSENCE",
        "42P01, ABSENCE",
        "0A000, ABSENCE",
        "25006, ABSENCE",
        "28P01, ABSENCE",
        "3D000, ABSENCE",
        "53100, ABSENCE",
        "55000, ABSENCE",
        "57P01, ABSENCE",
        "08006, ABSENCE"
    })
    void onlyFaultsOfTheDataAreRefusals(String state, SqlErrorClass error) {
        assertThat(SqlErrorClass.of(new SQLException("no", state))).isEqualTo(error);
    }

    @Test
    void whatIsWrongWithTheDatabaseIsNotTheEventsFault() {
        Occurrence occurrence = scene.occurrence("shut", 100, POINTS, "[]");
        scene.join(occurrence, Scene.START, "ann");
        Batch batch =
                new Records(401)
                        .write(event("shut-1", "game.run", "ann", NOW, "{\"points\": 3}"))
                        .next();
        scene.run("ALTER TABLE liveops.progress_ledger RENAME TO mislaid");
        try {
            assertThatThrownBy(() -> handler.handle(batch)).isInstanceOf(RetryableException.class);
        } finally {
            scene.run("ALTER TABLE liveops.mislaid RENAME TO progress_ledger");
        }
        assertThat(handler.handle(batch)).isEqualTo(Handled.ADVANCED);
        assertThat(scene.metric(occurrence, "ann", "points")).isEqualTo("3");
        assertThat(handler.parked()).isZero();
    }

    @Test
    void whatIsPutAsideIsCountedOnceItIsCommitted() {
        Occurrence occurrence = scene.occurrence("broken", 100, POINTS, "[]");
        scene.join(occurrence, Scene.START, "ann");
        Batch batch =
                new Records(402)
                        .write(
                                event("broken-1", "game.run", "ann", NOW, "{broken"),
                                event("broken-2", "game.run", "ann", NOW, "{\"points\": 2}"))
                        .next();
        assertThat(handler.handle(batch)).isEqualTo(Handled.ADVANCED);
        assertThat(scene.metric(occurrence, "ann", "points")).isEqualTo("2");
        assertThat(handler.parked()).isEqualTo(1);
    }
}
