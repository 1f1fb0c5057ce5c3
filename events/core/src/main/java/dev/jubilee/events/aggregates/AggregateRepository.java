package dev.jubilee.events.aggregates;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.ConflictException;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.PermanentFailureException;
import dev.jubilee.events.store.AppendResult;
import dev.jubilee.events.store.EventStore;
import dev.jubilee.events.store.StoredEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Loads aggregates of one type from an event store, and stores what happened to them. The stream of
 * an aggregate is {@code <type>-<id>}. An event whose data was erased counts as a version and
 * changes nothing else, so what the state needs must not be a person's. Thread-safe; the aggregates
 * are not.
 *
 * @param <D> what can happen to the aggregate
 */
public final class AggregateRepository<A extends EventSourcedAggregate<D>, D> {
    private static final int PAGE = 500;

    private final EventStore store;
    private final EventCodec codec;
    private final String type;
    private final Class<D> payload;
    private final Function<String, A> empty;
    private final @Nullable Snapshotting<A> snapshots;

    /**
     * Of one type of aggregate.
     *
     * @param type such as {@code guild}
     * @param payload what all its events' data is
     * @param empty makes an aggregate of this id to which nothing has happened
     */
    public AggregateRepository(
            EventStore store,
            EventCodec codec,
            String type,
            Class<D> payload,
            Function<String, A> empty) {
        this(store, codec, type, payload, empty, null);
    }

    private AggregateRepository(
            EventStore store,
            EventCodec codec,
            String type,
            Class<D> payload,
            Function<String, A> empty,
            @Nullable Snapshotting<A> snapshots) {
        this.store = store;
        this.codec = codec;
        this.type = type;
        this.payload = payload;
        this.empty = empty;
        this.snapshots = snapshots;
    }

    /**
     * The same, with snapshots: a commit that passes a multiple of so many events takes one, and
     * loading begins with the latest. A snapshot that fails or cannot be read costs time, and
     * nothing else.
     *
     * @param every so many events of an aggregate
     */
    public AggregateRepository<A, D> withSnapshots(int every, SnapshotFormat<A> format) {
        return new AggregateRepository<>(
                store, codec, type, payload, empty, new Snapshotting<>(store, every, format));
    }

    /** The aggregate as it stands, if anything ever happened to it. */
    public Optional<A> find(String id) {
        A aggregate = load(id);
        return aggregate.version() == 0 ? Optional.empty() : Optional.of(aggregate);
    }

    /** The aggregate as it stands; at version 0 if nothing ever happened to it. */
    public A load(String id) {
        A aggregate = start(id);
        List<StoredEvent> page;
        do {
            page = store.getEvents(stream(id), aggregate.version() + 1, PAGE);
            for (StoredEvent stored : page) {
                if (stored.erased()) {
                    aggregate.passOver(stored.version());
                } else {
                    aggregate.replay(dataOf(stored), stored.version());
                }
            }
        } while (page.size() == PAGE);
        return aggregate;
    }

    /**
     * Stores the changes as events that the factory makes: all or none. Safe to repeat with the
     * same aggregate when it is unknown whether they were stored.
     *
     * @param events makes them, so it says what they were caused by: of a command's handler, {@code
     *     events.causedBy(command)}
     * @return the events, with their versions; none if there were no changes
     * @throws ConflictException if another changed the aggregate since it was loaded: load it again
     *     and decide again
     * @throws PermanentFailureException if its stream was deleted
     */
    public List<DomainEvent<D>> commit(A aggregate, EventFactory events) {
        List<D> changes = aggregate.changes();
        if (changes.isEmpty()) {
            return List.of();
        }
        long expected = aggregate.expectedVersion();
        List<DomainEvent<D>> tried = aggregate.tried();
        for (D change : changes.subList(tried.size(), changes.size())) {
            long version = expected + tried.size() + 1;
            tried.add(events.domain(type, aggregate.id(), change).withVersion(version));
        }
        List<DomainEvent<D>> stored = List.copyOf(tried);
        List<Envelope> envelopes = new ArrayList<>(stored.size());
        stored.forEach(event -> envelopes.add(codec.encode(event)));
        switch (store.saveEvents(stream(aggregate.id()), envelopes, expected)) {
            case AppendResult.Appended appended -> committed(aggregate, expected);
            case AppendResult.Duplicate duplicate -> committed(aggregate, expected);
            case AppendResult.Conflict conflict ->
                    throw new ConflictException(
                            "%s %s was expected at version %d and is at %d"
                                    .formatted(
                                            type,
                                            aggregate.id(),
                                            expected,
                                            conflict.actualVersion()));
            case AppendResult.StreamDeleted deleted ->
                    throw new PermanentFailureException(
                            "%s %s was deleted".formatted(type, aggregate.id()));
        }
        return stored;
    }

    private A start(String id) {
        return Optional.ofNullable(snapshots)
                .flatMap(taken -> taken.latest(stream(id), id))
                .orElseGet(() -> empty.apply(id));
    }

    private void committed(A aggregate, long before) {
        aggregate.committed();
        if (snapshots != null) {
            snapshots.committed(stream(aggregate.id()), aggregate, before);
        }
    }

    private D dataOf(StoredEvent stored) {
        BaseEvent event = codec.decode(stored.event());
        if (event instanceof DomainEvent<?> domain && payload.isInstance(domain.data())) {
            return payload.cast(domain.data());
        }
        throw new PermanentFailureException(
                "version %d of %s is of type %s, which is no %s"
                        .formatted(
                                stored.version(),
                                stored.stream(),
                                stored.event().type(),
                                payload.getSimpleName()));
    }

    private String stream(String id) {
        return type + "-" + id;
    }
}
