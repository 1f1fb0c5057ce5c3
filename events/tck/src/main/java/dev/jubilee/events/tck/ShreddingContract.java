package dev.jubilee.events.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.crypto.tink.Aead;
import com.google.crypto.tink.subtle.AesGcmJce;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.shredding.PersonalData;
import dev.jubilee.events.shredding.ShreddingEventStore;
import dev.jubilee.events.store.AppendResult;
import dev.jubilee.events.store.DataKeys;
import dev.jubilee.events.store.EventStore;
import dev.jubilee.events.store.EventStoreFailure;
import dev.jubilee.events.store.Snapshot;
import dev.jubilee.events.store.StoredEvent;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What a person who was forgotten may rely on, whatever store the events and their keys are in.
 * Needs {@code jubilee-events-shredding} beside this module.
 */
@SuppressWarnings("NullAway.Init") // made anew before each test
public abstract class ShreddingContract {
    private static final String SECRET = "{\"email\":\"ann@example.org\"}";
    private static final PersonalData BY_SUBJECT =
            new PersonalData() {
                @Override
                public @Nullable String personOf(Envelope event) {
                    return event.subject();
                }

                @Override
                public String personOf(Snapshot snapshot) {
                    return "ann";
                }
            };

    private EventStoreFixture fixture;
    private EventStore plain;
    private ShreddingEventStore store;

    /** A fixture with an empty log and no keys. */
    protected abstract EventStoreFixture fixture();

    @BeforeEach
    final void openStore() throws GeneralSecurityException {
        fixture = fixture();
        plain = fixture.open();
        store = shredding(masterKey(1), Duration.ofMinutes(1));
    }

    @AfterEach
    final void closeStore() {
        plain.close();
    }

    @Test
    void aPersonsDataIsReadAsItWasButStoredAsNoise() {
        Envelope event = event("1", "ann");
        store.saveEvents("s", List.of(event, event("2", null)), 0);

        assertThat(store.getEvents("s", 0))
                .extracting(StoredEvent::event)
                .containsExactly(event, event("2", null));
        assertThat(text(plain.getEvents("s", 0).getFirst())).doesNotContain("ann@example.org");
        assertThat(text(plain.getEvents("s", 0).getLast())).isEqualTo(SECRET);
    }

    @Test
    void aForgottenPersonsEventsAreStillThereWithoutData() throws GeneralSecurityException {
        store.saveEvents("s", List.of(event("1", "ann"), event("2", "bob")), 0);
        store.saveSnapshot(snapshot());
        assertThat(store.loadSnapshot("s")).contains(snapshot());

        assertThat(store.forget("ann")).isTrue();
        assertThat(store.forget("ann")).isFalse();

        ShreddingEventStore other = shredding(masterKey(1), Duration.ofMinutes(1));
        for (EventStore reader : List.of(store, other)) {
            List<StoredEvent> events = reader.getAllEvents(0, 10);
            assertThat(events).extracting(StoredEvent::erased).containsExactly(true, false);
            assertThat(events.getFirst().event().data()).isEmpty();
            assertThat(events.getFirst().event().type()).isEqualTo("player.registered");
            assertThat(events.getFirst().event().extensions()).isEqualTo(Map.of("kept", "yes"));
            assertThat(text(events.getLast())).isEqualTo(SECRET);
            assertThat(reader.loadSnapshot("s")).isEmpty();
        }
    }

    @Test
    void whoIsForgottenWhileSomebodyReadsIsNotRememberedByThatReader()
            throws GeneralSecurityException {
        store.saveEvents("s", List.of(event("1", "ann")), 0);
        ForgettingKeys keys = new ForgettingKeys(fixture.dataKeys());
        ShreddingEventStore reader =
                new ShreddingEventStore(
                        plain, keys, masterKey(1), BY_SUBJECT, Duration.ofMinutes(1));
        keys.meanwhile = () -> assertThat(reader.forget("ann")).isTrue();

        assertThat(reader.getEvents("s", 0).getFirst().erased()).as("began before").isFalse();

        assertThat(reader.getEvents("s", 0).getFirst().erased()).isTrue();
    }

    /** Does something once, when a key was found and before whoever asked has it. */
    private static final class ForgettingKeys implements DataKeys {
        private final DataKeys keys;
        private @Nullable Runnable meanwhile;

        ForgettingKeys(DataKeys keys) {
            this.keys = keys;
        }

        @Override
        public Map<String, WrappedKey> find(Collection<String> persons) {
            Map<String, WrappedKey> found = keys.find(persons);
            Runnable once = meanwhile;
            meanwhile = null;
            if (once != null) {
                once.run();
            }
            return found;
        }

        @Override
        public WrappedKey findOrStore(String person, WrappedKey offered) {
            return keys.findOrStore(person, offered);
        }

        @Override
        public boolean forget(String person) {
            return keys.forget(person);
        }
    }

    @Test
    void whoComesBackGetsANewKeyAndTheOldDataStaysErased() {
        store.saveEvents("s", List.of(event("1", "ann")), 0);
        store.forget("ann");
        store.saveEvents("s", List.of(event("2", "ann")), 1);

        assertThat(store.getEvents("s", 0))
                .extracting(StoredEvent::erased)
                .containsExactly(true, false);
    }

    @Test
    void anotherInstanceForgetsWhenTheTimeIsUp() throws GeneralSecurityException {
        ShreddingEventStore other = shredding(masterKey(1), Duration.ofNanos(1));
        store.saveEvents("s", List.of(event("1", "ann")), 0);
        assertThat(other.getEvents("s", 0).getFirst().erased()).isFalse();
        store.forget("ann");

        assertThat(other.getEvents("s", 0).getFirst().erased()).isTrue();
    }

    @Test
    void aRetryIsFoundThoughItIsEncryptedAnew() {
        store.saveEvents("s", List.of(event("1", "ann")), 0);

        assertThat(store.saveEvents("s", List.of(event("1", "ann")), 0))
                .isInstanceOf(AppendResult.Duplicate.class);
    }

    @Test
    void dataThatWasMovedIsNotTakenForAnothers() {
        store.saveEvents("s", List.of(event("1", "ann")), 0);
        Envelope moved = plain.getEvents("s", 0).getFirst().event();
        plain.saveEvents("t", List.of(moved), 0);

        assertThatThrownBy(() -> store.getEvents("t", 0)).isInstanceOf(EventStoreFailure.class);
    }

    @Test
    void aWrongMasterKeyIsSaidToBeOne() throws GeneralSecurityException {
        store.saveEvents("s", List.of(event("1", "ann")), 0);

        ShreddingEventStore other = shredding(masterKey(2), Duration.ofMinutes(1));
        assertThatThrownBy(() -> other.getEvents("s", 0))
                .isInstanceOf(EventStoreFailure.class)
                .hasMessageContaining("master key");
    }

    private ShreddingEventStore shredding(Aead masterKey, Duration remember) {
        return new ShreddingEventStore(plain, fixture.dataKeys(), masterKey, BY_SUBJECT, remember);
    }

    private static Aead masterKey(int seed) throws GeneralSecurityException {
        byte[] key = new byte[32];
        key[0] = (byte) seed;
        return new AesGcmJce(key);
    }

    private static Envelope event(String id, @Nullable String subject) {
        return Envelope.of(id, "player.registered", "players", Instant.EPOCH)
                .subject(subject)
                .json(SECRET.getBytes(StandardCharsets.UTF_8))
                .extensions(Map.of("kept", "yes"))
                .build();
    }

    private static Snapshot snapshot() {
        return new Snapshot("s", 2, "text/plain; v=1", "ann".getBytes(StandardCharsets.UTF_8));
    }

    private static String text(StoredEvent stored) {
        return new String(stored.event().data(), StandardCharsets.UTF_8);
    }
}
