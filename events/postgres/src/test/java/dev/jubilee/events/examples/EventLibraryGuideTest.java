package dev.jubilee.events.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Backoff;
import dev.jubilee.events.DeadLetter;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.RetryStrategy;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.core.InMemoryEventBus;
import dev.jubilee.events.examples.TreasuryEvent.GoldDeposited;
import dev.jubilee.events.json.JsonEventCodec;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** The guide's examples run here, and every piece of Java in the guide is found in a source. */
class EventLibraryGuideTest {
    @Test
    void publishAndHandleInTenLines() {
        AtomicLong gold = new AtomicLong();

        EventRegistry registry =
                EventRegistry.builder().type("guild.gold.deposited", GoldDeposited.class).build();
        EventFactory events =
                new EventFactory(registry, InstantSource.system(), "guild-service", "production");
        try (EventBus bus = new InMemoryEventBus()) {
            EventHandler<DomainEvent<GoldDeposited>> counter =
                    event -> gold.addAndGet(event.data().amount());
            bus.subscribe("guild.gold.*", counter);
            bus.publish(events.domain("treasury", "dragons", new GoldDeposited("ada", 100)));
        }

        assertThat(gold).hasValue(100);
    }

    @Test
    void retriesAndDeadLetters() {
        EventRegistry registry =
                EventRegistry.builder().type("guild.gold.deposited", GoldDeposited.class).build();
        EventFactory events =
                new EventFactory(registry, InstantSource.system(), "guild-service", "production");
        List<String> notified = new CopyOnWriteArrayList<>();
        EventHandler<DomainEvent<GoldDeposited>> notify =
                event -> {
                    if (notified.size() < 5) {
                        notified.add("tried");
                        throw new IOException("the mail server is down");
                    }
                    notified.add(event.aggregateId());
                };

        try (EventBus bus = new InMemoryEventBus()) {
            RetryStrategy strategy =
                    RetryStrategy.attempts(5)
                            .backoff(
                                    Backoff.exponential(
                                            Duration.ofMillis(100), Duration.ofMinutes(1)))
                            .deadLetterTo("guilds", "notify");
            bus.subscribe(
                    "guild.gold.deposited",
                    SubscriptionOptions.DEFAULT.withWorkers(4),
                    EventHandler.of(notify).retrying(strategy));
            bus.publish(events.domain("treasury", "dragons", new GoldDeposited("ada", 100)));

            List<DeadLetter> letters = awaitLetters(bus, strategy);
            assertThat(letters.getFirst().reason()).contains("the mail server is down");
            bus.deadLetters().redrive(letters.getFirst().route(), letter -> true);
        }

        assertThat(notified)
                .containsExactly("tried", "tried", "tried", "tried", "tried", "dragons");
    }

    private static List<DeadLetter> awaitLetters(EventBus bus, RetryStrategy strategy) {
        var route = strategy.route().orElseThrow();
        while (bus.deadLetters().view(route, 1).isEmpty()) {
            Thread.onSpinWait();
        }
        return bus.deadLetters().view(route, 10);
    }

    private record GoldDepositedV2(String member, long amount, String currency) {}

    @Test
    void anOlderPayloadIsBroughtUp() {
        EventRegistry registry =
                EventRegistry.builder()
                        .type("guild.gold.deposited", 2, GoldDepositedV2.class)
                        .upcaster(
                                "guild.gold.deposited",
                                1,
                                payload -> payload.setIfAbsent("currency", "gold"))
                        .build();

        EventRegistry old =
                EventRegistry.builder().type("guild.gold.deposited", GoldDeposited.class).build();
        EventFactory events =
                new EventFactory(old, InstantSource.system(), "guild-service", "production");
        var written =
                new JsonEventCodec(old)
                        .encode(events.domain("treasury", "g1", new GoldDeposited("ada", 1)));
        DomainEvent<?> read = (DomainEvent<?>) new JsonEventCodec(registry).decode(written);
        assertThat(read.data()).isEqualTo(new GoldDepositedV2("ada", 1, "gold"));
    }

    @Test
    void aTreasuryNeedsNoStoreToBeTested() {
        Treasury treasury = new Treasury("dragons");
        treasury.deposit("ada", 100);

        assertThat(treasury.withdraw("bob", 150)).isFalse();
        assertThat(treasury.changes()).containsExactly(new GoldDeposited("ada", 100));
    }

    @Test
    void whatAHandlerPublishesAndDoesIsSeenInOneThread() {
        EventRegistry registry =
                EventRegistry.builder().type("guild.gold.deposited", GoldDeposited.class).build();
        EventFactory events =
                new EventFactory(registry, InstantSource.system(), "guild-service", "test");
        List<Long> seen = new ArrayList<>();
        EventHandler<DomainEvent<GoldDeposited>> handler = event -> seen.add(event.data().amount());

        InMemoryEventBus bus = new InMemoryEventBus();
        bus.subscribe("guild.#", SubscriptionOptions.synchronous(), handler);
        bus.publish(events.domain("treasury", "dragons", new GoldDeposited("ada", 100)));
        assertThat(seen).containsExactly(100L);
    }

    @Test
    void everyPieceOfJavaInTheGuideIsRunHereOrBesides() throws IOException {
        GuideSamples.assertRun("event-library.md", 12);
    }
}
