package dev.jubilee.events.shredding;

import com.google.crypto.tink.Aead;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.shredding.PersonKeys.PersonKey;
import dev.jubilee.events.store.AppendResult;
import dev.jubilee.events.store.DataKeys;
import dev.jubilee.events.store.DeleteResult;
import dev.jubilee.events.store.EventStore;
import dev.jubilee.events.store.Snapshot;
import dev.jubilee.events.store.StoredEvent;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * A store that can forget people. The payloads of events, and snapshots, that are somebody's data
 * are encrypted with a key of that person; {@link #forget} deletes the key. From then on such an
 * event is still there, in its stream and in the global order, but without data and marked as
 * {@linkplain StoredEvent#erased erased}; such a snapshot is not there.
 *
 * <p>Payloads and snapshots alone are encrypted: an event's type, subject and extensions, and the
 * names of streams and persons, must say nothing that has to be forgotten. Use an opaque id.
 *
 * <p>Unwrapped keys are remembered for a while, so other instances may still read a forgotten
 * person's data for as long. What one of them saves for the person in that time is unreadable
 * afterwards.
 *
 * <p>Thread-safe. Closing closes the store beneath. Throws {@link
 * dev.jubilee.events.store.EventStoreFailure} when data was tampered with or the master key does
 * not fit.
 */
public final class ShreddingEventStore implements EventStore {
    /** For how long keys are remembered, unless told otherwise. */
    public static final Duration REMEMBER = Duration.ofMinutes(1);

    private final EventStore store;
    private final PersonalData personalData;
    private final PersonKeys keys;

    /** Remembers keys for {@link #REMEMBER}. */
    public ShreddingEventStore(
            EventStore store, DataKeys keys, Aead masterKey, PersonalData personalData) {
        this(store, keys, masterKey, personalData, REMEMBER);
    }

    /**
     * @param masterKey wraps people's keys; a keyset of Tink with several keys lets it be changed
     *     while the old one is still needed
     * @param remember for how long an unwrapped key may be used without asking
     */
    public ShreddingEventStore(
            EventStore store,
            DataKeys keys,
            Aead masterKey,
            PersonalData personalData,
            Duration remember) {
        this.store = store;
        this.personalData = personalData;
        this.keys = new PersonKeys(keys, masterKey, remember);
    }

    /**
     * Deletes the person's key, and with it the person's data. What is saved for the person
     * afterwards gets a new key.
     *
     * @return whether there was one
     */
    public boolean forget(String person) {
        return keys.forget(person);
    }

    @Override
    public AppendResult saveEvents(String stream, List<Envelope> events, long expectedVersion) {
        return store.saveEvents(stream, sealed(stream, events), expectedVersion);
    }

    @Override
    public CompletableFuture<AppendResult> saveEventsAsync(
            String stream, List<Envelope> events, long expectedVersion) {
        return store.saveEventsAsync(stream, sealed(stream, events), expectedVersion);
    }

    @Override
    public List<StoredEvent> getEvents(String stream, long fromVersion, int limit) {
        return opened(store.getEvents(stream, fromVersion, limit));
    }

    @Override
    public List<StoredEvent> getAllEvents(long afterPosition, int batchSize) {
        return opened(store.getAllEvents(afterPosition, batchSize));
    }

    @Override
    public long lastPosition() {
        return store.lastPosition();
    }

    @Override
    public DeleteResult deleteStream(String stream, long expectedVersion) {
        return store.deleteStream(stream, expectedVersion);
    }

    @Override
    public boolean saveSnapshot(Snapshot snapshot) {
        String person = personalData.personOf(snapshot);
        return store.saveSnapshot(
                person == null ? snapshot : Sealing.seal(snapshot, person, keys.get(person)));
    }

    @Override
    public Optional<Snapshot> loadSnapshot(String stream) {
        Optional<Snapshot> stored = store.loadSnapshot(stream);
        if (stored.isEmpty()) {
            return stored;
        }
        String person = Sealing.personOf(stored.get());
        if (person == null) {
            return stored;
        }
        return Optional.ofNullable(
                Sealing.open(stored.get(), keys.find(Set.of(person)).get(person)));
    }

    @Override
    public void close() {
        store.close();
    }

    private List<Envelope> sealed(String stream, List<Envelope> events) {
        return events.stream()
                .map(event -> {
                    String person = personalData.personOf(event);
                    return person == null
                            ? event
                            : Sealing.seal(stream, event, person, keys.get(person));
                })
                .toList();
    }

    private List<StoredEvent> opened(List<StoredEvent> events) {
        Set<String> persons = new HashSet<>();
        for (StoredEvent event : events) {
            String person = Sealing.personOf(event);
            if (person != null) {
                persons.add(person);
            }
        }
        if (persons.isEmpty()) {
            return events;
        }
        Map<String, PersonKey> known = keys.find(persons);
        return events.stream()
                .map(event -> {
                    String person = Sealing.personOf(event);
                    return person == null ? event : Sealing.open(event, known.get(person));
                })
                .toList();
    }
}
