package dev.jubilee.events.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.crypto.tink.subtle.AesGcmJce;
import com.zaxxer.hikari.HikariDataSource;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.aggregates.AggregateRepository;
import dev.jubilee.events.examples.TreasuryEvent.GoldDeposited;
import dev.jubilee.events.examples.TreasuryEvent.GoldWithdrawn;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.postgres.RealPostgres;
import dev.jubilee.events.postgres.TestPostgres;
import dev.jubilee.events.postgres.store.EventStoreSchema;
import dev.jubilee.events.postgres.store.EventStoreSettings;
import dev.jubilee.events.postgres.store.PostgresDataKeys;
import dev.jubilee.events.postgres.store.PostgresEventStore;
import dev.jubilee.events.shredding.ShreddingEventStore;
import java.time.Duration;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A guild goes on when one of its members is forgotten. */
@ExtendWith(RealPostgres.class)
class ForgottenMemberTest {
    private final EventRegistry registry =
            EventRegistry.builder()
                    .type("guild.gold.deposited", GoldDeposited.class)
                    .type("guild.gold.withdrawn", GoldWithdrawn.class)
                    .build();
    private final EventFactory events =
            new EventFactory(registry, InstantSource.system(), "guild-service", "test");
    private final EventStoreSettings settings =
            EventStoreSettings.of("forgotten_" + Long.toString(System.nanoTime(), 36))
                    .withPatience(Duration.ofMinutes(2));

    @Test
    void whatWasErasedCountsAsAVersionAndChangesNothing(TestPostgres postgres) throws Exception {
        try (HikariDataSource pool = postgres.pool(2)) {
            EventStoreSchema.install(pool, settings);
            try (ShreddingEventStore store =
                    new ShreddingEventStore(
                            new PostgresEventStore(pool, settings),
                            new PostgresDataKeys(pool, settings),
                            new AesGcmJce(new byte[32]),
                            event ->
                                    new String(event.data(), UTF_8).contains("ada")
                                            ? "ada"
                                            : null)) {
                AggregateRepository<Treasury, TreasuryEvent> treasuries =
                        new AggregateRepository<>(
                                store,
                                new JsonEventCodec(registry),
                                "treasury",
                                TreasuryEvent.class,
                                Treasury::new);
                Treasury dragons = treasuries.load("dragons");
                dragons.deposit("ada", 100);
                dragons.deposit("bob", 50);
                treasuries.commit(dragons, events);
                store.forget("ada");

                Treasury again = treasuries.load("dragons");
                assertThat(again.gold()).isEqualTo(50);
                again.deposit("bob", 5);
                treasuries.commit(again, events);
                assertThat(treasuries.load("dragons").version()).isEqualTo(3);
                assertThat(treasuries.load("dragons").gold()).isEqualTo(55);
            } finally {
                postgres.execute("DROP SCHEMA " + settings.schema() + " CASCADE");
            }
        }
    }
}
