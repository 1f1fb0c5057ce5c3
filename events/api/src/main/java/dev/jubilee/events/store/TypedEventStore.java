package dev.jubilee.events.store;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventCodec;
import java.util.ArrayList;
import java.util.List;

/**
 * An event store as programs think of it: typed events instead of envelopes, upcast as they are
 * read. It keeps every promise of the {@link EventStore} beneath, and does nothing else.
 * Thread-safe.
 */
public final class TypedEventStore {
    private final EventStore store;
    private final EventCodec codec;

    /** A view of the store, which stays open. */
    public TypedEventStore(EventStore store, EventCodec codec) {
        this.store = store;
        this.codec = codec;
    }

    /**
     * Appends to a stream, as {@link EventStore#saveEvents}. The events get the versions after the
     * expected one, whatever theirs were.
     *
     * @throws IllegalArgumentException if a parameter is out of its bounds, or a payload cannot be
     *     written
     */
    public AppendResult saveEvents(
            String stream, List<? extends DomainEvent<?>> events, long expectedVersion) {
        List<Envelope> envelopes = new ArrayList<>(events.size());
        for (DomainEvent<?> event : events) {
            long version = expectedVersion + envelopes.size() + 1;
            envelopes.add(codec.encode(event.withVersion(version)));
        }
        return store.saveEvents(stream, envelopes, expectedVersion);
    }

    /**
     * The events of a stream in order of their versions; none if there is no such stream.
     *
     * @param fromVersion the version of the first; 0 or 1 for all
     * @throws dev.jubilee.events.UnreadableEventException if one is not what its type says
     */
    public List<TypedEvent> getEvents(String stream, long fromVersion) {
        return typed(store.getEvents(stream, fromVersion));
    }

    /** All events of a stream, as {@link #getEvents(String, long)}. */
    public List<TypedEvent> getEvents(String stream) {
        return getEvents(stream, 1);
    }

    /**
     * The next events in the global order.
     *
     * @param afterPosition the last position that the reader has seen; 0 at the start
     * @param batchSize at most so many; fewer mean that there are no more at present
     * @throws dev.jubilee.events.UnreadableEventException if one is not what its type says
     */
    public List<TypedEvent> getAllEvents(long afterPosition, int batchSize) {
        return typed(store.getAllEvents(afterPosition, batchSize));
    }

    /** The next {@value EventStore#BATCH_SIZE}, as {@link #getAllEvents(long, int)}. */
    public List<TypedEvent> getAllEvents(long afterPosition) {
        return getAllEvents(afterPosition, EventStore.BATCH_SIZE);
    }

    /** The first {@value EventStore#BATCH_SIZE}, as {@link #getAllEvents(long, int)}. */
    public List<TypedEvent> getAllEvents() {
        return getAllEvents(0);
    }

    /** One that was read, of a {@link CatchUpSubscription} say, as a typed one. */
    public TypedEvent typed(StoredEvent stored) {
        if (stored.erased()) {
            return new TypedEvent(stored, null);
        }
        BaseEvent event = codec.decode(stored.event());
        return new TypedEvent(
                stored,
                event instanceof DomainEvent<?> domain
                        ? domain.withVersion(stored.version())
                        : event);
    }

    private List<TypedEvent> typed(List<StoredEvent> events) {
        return events.stream().map(this::typed).toList();
    }
}
