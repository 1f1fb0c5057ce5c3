package dev.jubilee.events.aggregates;

import dev.jubilee.events.store.EventStore;
import dev.jubilee.events.store.Snapshot;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes snapshots of aggregates and begins from them. A snapshot only saves reading: whatever is
 * wrong with one is logged, and the events are read instead.
 */
final class Snapshotting<A extends EventSourcedAggregate<?>> {
    private static final Logger LOG = LoggerFactory.getLogger(Snapshotting.class);

    private final EventStore store;
    private final int every;
    private final SnapshotFormat<A> format;

    Snapshotting(EventStore store, int every, SnapshotFormat<A> format) {
        if (every < 1) {
            throw new IllegalArgumentException("'every' must be 1 or more, was " + every);
        }
        this.store = store;
        this.every = every;
        this.format = format;
    }

    /** The aggregate as its latest snapshot has it. */
    Optional<A> latest(String stream, String id) {
        Optional<Snapshot> found = store.loadSnapshot(stream);
        if (found.isEmpty() || !found.get().contentType().equals(format.contentType())) {
            return Optional.empty();
        }
        try {
            A aggregate = format.read(id, found.get().data());
            aggregate.restored(found.get().version());
            return Optional.of(aggregate);
        } catch (RuntimeException e) {
            LOG.warn("{} cannot be read, its events are read instead", found.get(), e);
            return Optional.empty();
        }
    }

    /** Takes a snapshot if the events after {@code before} passed a multiple of the interval. */
    void committed(String stream, A aggregate, long before) {
        if (aggregate.version() / every == before / every) {
            return;
        }
        try {
            store.saveSnapshot(
                    new Snapshot(
                            stream,
                            aggregate.version(),
                            format.contentType(),
                            format.write(aggregate)));
        } catch (RuntimeException e) {
            // The events are stored: the commit was done, and must not look as if it was not.
            LOG.warn("no snapshot of {} at {}", stream, aggregate.version(), e);
        }
    }
}
