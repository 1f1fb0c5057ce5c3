package dev.jubilee.server.bus.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.tck.Await;
import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.bus.BusSettings;
import dev.jubilee.server.bus.stats.Activity;
import dev.jubilee.server.bus.topics.Topics;
import dev.jubilee.server.config.SettingsReader;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

/** A publisher that has not begun to hand over. */
class PublisherTest {
    private static final InstantSource CLOCK =
            InstantSource.fixed(Instant.parse("2026-11-22T12:00:00Z"));
    private static final Map<String, Object> NOBODY = Map.of("bootstrap.servers", "127.0.0.1:1");

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void soManyRequestsWaitForKafkaAsTheBufferHasPlaces(int size) {
        var reader =
                new SettingsReader(
                        Map.of(
                                "EVENT_BUS_EVENT_BUFFER_SIZE",
                                Integer.toString(size),
                                "EVENT_BUS_PUBLISH_TIMEOUT",
                                "500ms"));
        BusSettings settings = BusSettings.from(reader, true);
        try (Admin admin = Admin.create(NOBODY);
                Publisher publisher = publisher(admin, settings)) {
            for (int i = 1; i <= size; i++) {
                assertThat(publisher.ship(List.of(event()))).isNotNull();
                assertThat(waiting()).isEqualTo(i);
            }

            assertThat(publisher.ship(List.of(event()))).as("there is no room").isNull();
            assertThat(waiting()).isEqualTo(size);
            publisher.start();
            Await.untilAsserted("it is handed over", () -> assertThat(waiting()).isZero());
        }
    }

    /** Else what a machine that stalls has stamped and not yet handed over would be refused. */
    @Test
    void whoSettlesWaitsForWhatIsBeingAccepted() throws Exception {
        BusSettings settings = BusSettings.from(new SettingsReader(Map.of()), true);
        try (Admin admin = Admin.create(NOBODY);
                Publisher publisher = publisher(admin, settings)) {
            publisher.start();
            CompletableFuture<String> held = new CompletableFuture<>();
            CompletionStage<String> outcome = publisher.accepting(() -> held);
            Thread settler = Thread.ofPlatform().start(() -> settle(publisher, CLOCK.instant()));

            Await.until("it waits", () -> settler.getState() == Thread.State.TIMED_WAITING);
            held.complete("done");
            settler.join(Duration.ofMinutes(1));

            assertThat(settler.isAlive()).isFalse();
            assertThat(outcome.toCompletableFuture()).isCompletedWithValue("done");
        }
    }

    @Test
    void whatFailsBeforeItIsHandedOverIsNotWaitedFor() throws Exception {
        BusSettings settings = BusSettings.from(new SettingsReader(Map.of()), true);
        try (Admin admin = Admin.create(NOBODY);
                Publisher publisher = publisher(admin, settings)) {
            publisher.start();
            assertThatThrownBy(() ->
                            publisher.accepting(() -> {
                                throw new IllegalStateException("refused");
                            }))
                    .hasMessage("refused");
            CompletionStage<String> failed =
                    publisher.accepting(() ->
                            CompletableFuture.failedFuture(new IllegalStateException("refused")));
            assertThat(failed.toCompletableFuture()).isCompletedExceptionally();

            publisher.settleThrough(CLOCK.instant());
        }
    }

    private static void settle(Publisher publisher, Instant moment) {
        try {
            publisher.settleThrough(moment);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Publisher publisher(Admin admin, BusSettings settings) {
        return new Publisher(
                NOBODY,
                topics(admin, settings).catalogue(),
                settings.publish(),
                CLOCK,
                registry,
                new Activity());
    }

    private double waiting() {
        return registry.get("event_bus_event_buffer_size").gauge().value();
    }

    private static Publisher.Accepted event() {
        Instant now = CLOCK.instant();
        Envelope event = Envelope.of("e1", "game.kill", "test", now).acceptedAt(now).build();
        return new Publisher.Accepted("t", event);
    }

    private static Topics topics(Admin admin, BusSettings settings) {
        var nowhere = new PGSimpleDataSource();
        return new Topics(
                new Database(nowhere),
                new ChangeFeed(nowhere),
                admin,
                new Audit(CLOCK),
                settings.topics(),
                1 << 20,
                CLOCK);
    }
}
