package dev.jubilee.events;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class EventFactoryTest {
    private record Deposited(long amount) {}

    private record Order(String id, String correlationId, @Nullable String userId)
            implements Cause {}

    private final EventFactory events =
            new EventFactory(
                    EventRegistry.builder().type("guild.deposited", Deposited.class).build(),
                    InstantSource.fixed(Instant.EPOCH),
                    "guild-service",
                    "test");

    @Test
    void whatNothingLedToBeginsACorrelationOfItsOwn() {
        DomainEvent<Deposited> event = events.domain("guild", "g1", new Deposited(1));

        assertThat(event.correlationId()).isEqualTo(event.id());
        assertThat(event.metadata().causationId()).isNull();
        assertThat(event.userId()).isNull();
    }

    @Test
    void whatACommandLedToBelongsToIt() {
        EventMetadata metadata =
                events.causedBy(new Order("order-1", "request-1", "ada"))
                        .domain("guild", "g1", new Deposited(1))
                        .metadata();

        assertThat(metadata)
                .isEqualTo(
                        new EventMetadata(
                                "request-1",
                                "order-1",
                                "ada",
                                "guild-service",
                                "test",
                                UnknownFields.NONE));
    }

    @Test
    void whatAnEventLedToGoesOnWithItsCorrelation() {
        DomainEvent<Deposited> first =
                events.causedBy(new Order("order-1", "request-1", "ada"))
                        .domain("guild", "g1", new Deposited(1));
        DomainEvent<Deposited> second =
                events.causedBy(first).domain("guild", "g2", new Deposited(1));

        assertThat(second.metadata()).isEqualTo(first.metadata().withCausationId(first.id()));
    }
}
