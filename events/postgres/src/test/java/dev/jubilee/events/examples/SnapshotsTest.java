package dev.jubilee.events.examples;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.aggregates.AggregateRepository;
import dev.jubilee.events.aggregates.SnapshotFormat;
import dev.jubilee.events.examples.TreasuryEvent.GoldDeposited;
import dev.jubilee.events.examples.TreasuryEvent.GoldWithdrawn;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.postgres.RealPostgres;
import dev.jubilee.events.postgres.TestPostgres;
import dev.jubilee.events.postgres.store.EventStoreSchema;
import dev.jubilee.events.postgres.store.EventStoreSettings;
import dev.jubilee.events.postgres.store.PostgresEventStore;
import dev.jubilee.events.store.AppendResult;
import dev.jubilee.events.store.Snapshot;
import dev.jubilee.events.store.StoredEvent;
import dev.jubilee.events.store.TypedEvent;
import dev.jubilee.events.store.TypedEventStore;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.json.JsonMapper;

/** What stands between an aggregate and its whole history, and typed events, on a real store. */
@ExtendWith(RealPostgres.class)
class SnapshotsTest {
    private static final String STREAM = "treasury-dragons";

    private final JsonMapper json = new JsonMapper();
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
            EventStoreSettings.of("snap_" + Long.toString(System.nanoTime(), 36))
                    .withPatience(Duration.ofMinutes(2));
    private final CountedReads reads;

    private record State(long gold) {}

    SnapshotsTest(TestPostgres postgres) {
        this.postgres = postgres;
        this.pool = postgres.pool(4);
        EventStoreSchema.install(pool, settings);
        this.reads = new CountedReads(new PostgresEventStore(pool, settings));
    }

    @AfterEach
    void close() {
        reads.store().close();
        pool.close();
        postgres.execute("DROP SCHEMA " + settings.schema() + " CASCADE");
    }

    private AggregateRepository<Treasury, TreasuryEvent> treasuries() {
        var store = reads.store();
        SnapshotFormat<Treasury> format =
                SnapshotFormat.of(
                        "application/json; version=1",
                        treasury -> json.writeValueAsBytes(new State(treasury.gold())),
                        (guild, state) ->
                                new Treasury(guild, json.readValue(state, State.class).gold()));
        AggregateRepository<Treasury, TreasuryEvent> treasuries =
                new AggregateRepository<>(
                                store, codec, "treasury", TreasuryEvent.class, Treasury::new)
                        .withSnapshots(100, format);
        return treasuries;
    }

    private void deposit(int times) {
        Treasury treasury = treasuries().load("dragons");
        for (int i = 0; i < times; i++) {
            treasury.deposit("ada", 1);
        }
        treasuries().commit(treasury, events);
    }

    @Test
    void loadingBeginsWithTheLatestSnapshot() {
        deposit(99);
        assertThat(reads.store().loadSnapshot(STREAM)).isEmpty();
        deposit(3);
        deposit(5);
        reads.take();

        Treasury treasury = treasuries().load("dragons");

        assertThat(reads.take()).isEqualTo(5);
        assertThat(treasury.gold()).isEqualTo(107);
        assertThat(treasury.version()).isEqualTo(107);
    }

    @Test
    void everyIntervalHasASnapshotOfItsOwn() {
        deposit(102);
        assertThat(reads.store().loadSnapshot(STREAM).map(Snapshot::version)).contains(102L);
        deposit(97);
        assertThat(reads.store().loadSnapshot(STREAM).map(Snapshot::version)).contains(102L);
        deposit(1);
        assertThat(reads.store().loadSnapshot(STREAM).map(Snapshot::version)).contains(200L);
    }

    @Test
    void whatIsCommittedBehindASnapshotHasTheNextVersions() {
        deposit(100);

        Treasury treasury = treasuries().load("dragons");
        treasury.withdraw("bob", 30);
        List<DomainEvent<TreasuryEvent>> stored = treasuries().commit(treasury, events);

        assertThat(stored).extracting(DomainEvent::version).containsExactly(101L);
        assertThat(treasuries().load("dragons").gold()).isEqualTo(70);
    }

    @Test
    void aSnapshotOfAnotherFormatIsNotRead() {
        deposit(5);
        reads.store().saveSnapshot(snapshot(5, "application/json; version=0", "{\"coins\":7}"));

        assertThat(treasuries().load("dragons").gold()).isEqualTo(5);
    }

    @Test
    void aSnapshotThatCannotBeReadIsPassedOver() {
        deposit(5);
        reads.store().saveSnapshot(snapshot(5, "application/json; version=1", "{\"gold\":"));

        assertThat(treasuries().load("dragons").gold()).isEqualTo(5);
    }

    @Test
    void aSnapshotThatIsNotKeptDoesNotFailTheCommit() {
        reads.failSnapshots();

        deposit(100);

        assertThat(reads.store().loadSnapshot(STREAM)).isEmpty();
        assertThat(treasuries().load("dragons").gold()).isEqualTo(100);
    }

    @Test
    void aStoreOfTypedEvents() {
        var store = reads.store();
        TypedEventStore typed = new TypedEventStore(store, codec);
        AppendResult result =
                typed.saveEvents(
                        "treasury-dragons",
                        List.of(events.domain("treasury", "dragons", new GoldDeposited("ada", 5))),
                        0);
        List<TypedEvent> history = typed.getEvents("treasury-dragons", 1);

        assertThat(result).isInstanceOf(AppendResult.Appended.class);
        DomainEvent<?> event = (DomainEvent<?>) history.getFirst().event().orElseThrow();
        assertThat(event.data()).isEqualTo(new GoldDeposited("ada", 5));
        assertThat(event.version()).isEqualTo(1);
        assertThat(typed.getAllEvents(0, 10)).isEqualTo(history);
        assertThat(typed.saveEvents(STREAM, List.of(event), 1))
                .isInstanceOf(AppendResult.Appended.class);
        assertThat(typed.getEvents(STREAM, 2).getFirst().event().map(BaseEvent::version))
                .contains(2L);
        assertThat(codec.decode(store.getEvents(STREAM, 2).getFirst().event()).version())
                .isEqualTo(2);
    }

    @Test
    void aShreddedEventKeepsItsPlaceAndHasNoEvent() {
        var store = reads.store();
        TypedEventStore typed = new TypedEventStore(store, codec);
        typed.saveEvents(
                STREAM,
                List.of(events.domain("treasury", "dragons", new GoldDeposited("ada", 5))),
                0);
        StoredEvent stored = store.getEvents(STREAM, 1).getFirst();
        StoredEvent erased =
                stored.with(stored.event().toBuilder().json(new byte[0]).build(), true);

        TypedEvent read = typed.typed(erased);

        assertThat(read.event()).isEmpty();
        assertThat(read.version()).isEqualTo(1);
    }

    private static Snapshot snapshot(long version, String contentType, String state) {
        return new Snapshot(STREAM, version, contentType, state.getBytes(StandardCharsets.UTF_8));
    }
}
