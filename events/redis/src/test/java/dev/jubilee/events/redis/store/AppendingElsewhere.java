package dev.jubilee.events.redis.store;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.store.AppendResult;
import dev.jubilee.events.store.DeleteResult;
import dev.jubilee.events.store.EventStore;
import dev.jubilee.events.store.Snapshot;
import dev.jubilee.events.store.StoredEvent;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** A store whose appends can be held up without their caller. */
record AppendingElsewhere(EventStore store) implements EventStore {
    @Override
    public AppendResult saveEvents(String stream, List<Envelope> events, long expectedVersion) {
        return saveEventsAsync(stream, events, expectedVersion).join();
    }

    @Override
    public CompletableFuture<AppendResult> saveEventsAsync(
            String stream, List<Envelope> events, long expectedVersion) {
        return CompletableFuture.supplyAsync(
                () -> store.saveEvents(stream, events, expectedVersion),
                task -> Thread.ofVirtual().start(task));
    }

    @Override
    public List<StoredEvent> getEvents(String stream, long fromVersion, int limit) {
        return store.getEvents(stream, fromVersion, limit);
    }

    @Override
    public List<StoredEvent> getAllEvents(long afterPosition, int batchSize) {
        return store.getAllEvents(afterPosition, batchSize);
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
        return store.saveSnapshot(snapshot);
    }

    @Override
    public Optional<Snapshot> loadSnapshot(String stream) {
        return store.loadSnapshot(stream);
    }

    @Override
    public void close() {
        store.close();
    }
}
