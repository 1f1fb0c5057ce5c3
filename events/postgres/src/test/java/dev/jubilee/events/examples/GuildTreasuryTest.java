package dev.jubilee.events.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.jubilee.events.Backoff;
import dev.jubilee.events.ConflictException;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.aggregates.AggregateRepository;
import dev.jubilee.events.commands.Command;
import dev.jubilee.events.commands.CommandBus;
import dev.jubilee.events.commands.CommandHandler;
import dev.jubilee.events.commands.CommandResult;
import dev.jubilee.events.core.LocalCommandBus;
import dev.jubilee.events.examples.TreasuryEvent.GoldDeposited;
import dev.jubilee.events.examples.TreasuryEvent.GoldWithdrawn;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.postgres.RealPostgres;
import dev.jubilee.events.postgres.TestPostgres;
import dev.jubilee.events.postgres.store.EventStoreSchema;
import dev.jubilee.events.postgres.store.EventStoreSettings;
import dev.jubilee.events.postgres.store.PostgresCheckpoints;
import dev.jubilee.events.postgres.store.PostgresEventStore;
import dev.jubilee.events.store.CatchUpSubscription;
import dev.jubilee.events.store.Checkpoints;
import dev.jubilee.events.store.EventStore;
import dev.jubilee.events.store.StoredEvent;
import dev.jubilee.events.store.SubscriptionSettings;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The worked example of the guide, on a real store. */
@ExtendWith(RealPostgres.class)
class GuildTreasuryTest {
    private final EventRegistry registry =
            EventRegistry.builder()
                    .type("guild.gold.deposited", GoldDeposited.class)
                    .type("guild.gold.withdrawn", GoldWithdrawn.class)
                    .build();
    private final EventCodec codec = new JsonEventCodec(registry);
    private final EventFactory events =
            new EventFactory(registry, InstantSource.system(), "guild-service", "test");

    private final TestPostgres postgres;
    private final HikariDataSource pool;
    private final EventStoreSettings settings =
            EventStoreSettings.of("guild_" + Long.toString(System.nanoTime(), 36))
                    .withPatience(Duration.ofMinutes(2));
    private final EventStore store;
    private final AggregateRepository<Treasury, TreasuryEvent> treasuries;

    private record Deposit(String guild, String member, long amount) {}

    GuildTreasuryTest(TestPostgres postgres) {
        this.postgres = postgres;
        this.pool = postgres.pool(8);
        EventStoreSchema.install(pool, settings);
        this.store = new PostgresEventStore(pool, settings);
        this.treasuries =
                new AggregateRepository<>(
                        store, codec, "treasury", TreasuryEvent.class, Treasury::new);
    }

    @AfterEach
    void close() {
        store.close();
        pool.close();
        postgres.execute("DROP SCHEMA " + settings.schema() + " CASCADE");
    }

    @Test
    void aTreasuryIsWhatItsEventsAmountTo() {
        Treasury treasury = treasuries.load("dragons");
        treasury.deposit("ada", 100);
        assertThat(treasury.withdraw("bob", 30)).isTrue();
        assertThat(treasury.withdraw("bob", 100)).isFalse();
        List<DomainEvent<TreasuryEvent>> stored = treasuries.commit(treasury, events);

        assertThat(stored).extracting(DomainEvent::version).containsExactly(1L, 2L);
        assertThat(treasuries.load("dragons").gold()).isEqualTo(70);
        assertThat(treasuries.load("dragons").version()).isEqualTo(2);
        assertThat(treasuries.find("phoenixes")).isEmpty();
        assertThat(treasuries.commit(treasury, events)).isEmpty();
    }

    @Test
    void historyLongerThanOnePageIsReadWhole() {
        for (int batch = 0; batch < 2; batch++) {
            Treasury treasury = treasuries.load("dragons");
            for (int i = 0; i < 400; i++) {
                treasury.deposit("ada", 1);
            }
            treasuries.commit(treasury, events);
        }

        assertThat(treasuries.load("dragons").gold()).isEqualTo(800);
    }

    @Test
    void whoCommitsSecondIsToldAndNothingOfItIsStored() {
        Treasury mine = treasuries.load("dragons");
        Treasury theirs = treasuries.load("dragons");
        mine.deposit("ada", 1);
        theirs.deposit("bob", 2);
        treasuries.commit(theirs, events);

        assertThatThrownBy(() -> treasuries.commit(mine, events))
                .isInstanceOf(ConflictException.class)
                .hasMessageContaining("expected at version 0 and is at 1");
        assertThat(treasuries.load("dragons").gold()).isEqualTo(2);
    }

    @Test
    void aCommitWhoseAnswerWasLostCanBeRepeated() {
        Treasury treasury = treasuries.load("dragons");
        treasury.deposit("ada", 5);
        LostAnswer lost = new LostAnswer(store);
        var through =
                new AggregateRepository<>(
                        lost.store(), codec, "treasury", TreasuryEvent.class, Treasury::new);
        assertThatThrownBy(() -> through.commit(treasury, events))
                .hasMessageContaining("connection lost");

        through.commit(treasury, events);

        assertThat(treasuries.load("dragons").gold()).isEqualTo(5);
        assertThat(treasuries.load("dragons").version()).isEqualTo(1);
    }

    @Test
    void commandsFromManyThreadsLoseNothing() throws Exception {
        CommandBus commands = new LocalCommandBus(1000, Backoff.fixed(Duration.ZERO), List.of());
        CommandHandler<Deposit> deposit =
                command -> {
                    Treasury treasury = treasuries.load(command.payload().guild());
                    treasury.deposit(command.payload().member(), command.payload().amount());
                    treasuries.commit(treasury, events.causedBy(command));
                };
        commands.register("guild.deposit", Deposit.class, deposit);
        int threads = 8;
        CyclicBarrier together = new CyclicBarrier(threads);
        List<Future<?>> done = new ArrayList<>();
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            for (int thread = 0; thread < threads; thread++) {
                done.add(
                        pool.submit(() -> {
                            together.await();
                            for (int i = 0; i < 20; i++) {
                                CommandResult result = commands.dispatch(command(1));
                                assertThat(result).isInstanceOf(CommandResult.Done.class);
                            }
                            return null;
                        }));
            }
        }

        for (Future<?> each : done) {
            each.get();
        }
        assertThat(treasuries.load("dragons").gold()).isEqualTo(threads * 20L);
        assertThat(store.getEvents("treasury-dragons", 1))
                .allSatisfy(stored -> {
                    assertThat(stored.event().correlationId()).isEqualTo("request-1");
                    assertThat(stored.event().causationId()).isEqualTo("c1");
                });
    }

    @Test
    void aProjectionFollowsTheStore() throws Exception {
        Map<String, Long> wealth = new ConcurrentHashMap<>();
        Checkpoints checkpoints = new PostgresCheckpoints(pool, settings);
        try (CatchUpSubscription projection =
                CatchUpSubscription.start(
                        store,
                        checkpoints,
                        SubscriptionSettings.of("wealth", "instance-1"),
                        (page, lease) -> page.forEach(stored -> project(stored, wealth)))) {
            for (String guild : List.of("dragons", "phoenixes")) {
                Treasury treasury = treasuries.load(guild);
                treasury.deposit("ada", 10);
                treasury.withdraw("ada", 3);
                treasuries.commit(treasury, events);
            }

            assertThat(projection.awaitPosition(store.lastPosition(), Duration.ofSeconds(30)))
                    .isTrue();
        }
        assertThat(wealth).isEqualTo(Map.of("dragons", 7L, "phoenixes", 7L));
    }

    private void project(StoredEvent stored, Map<String, Long> wealth) {
        if (codec.decode(stored.event()) instanceof DomainEvent<?> event
                && event.data() instanceof TreasuryEvent change) {
            long gold =
                    switch (change) {
                        case GoldDeposited deposited -> deposited.amount();
                        case GoldWithdrawn withdrawn -> -withdrawn.amount();
                    };
            wealth.merge(event.aggregateId(), gold, Long::sum);
        }
    }

    private static Command<Deposit> command(long amount) {
        return new Command<>(
                "c1",
                "guild.deposit",
                new Deposit("dragons", "ada", amount),
                new Command.Metadata("ada", Instant.EPOCH, "request-1"));
    }
}
