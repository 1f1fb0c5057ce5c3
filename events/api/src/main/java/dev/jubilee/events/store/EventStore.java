package dev.jubilee.events.store;

import dev.jubilee.events.Envelope;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Keeps events in streams, and all of them in one order.
 *
 * <ul>
 *   <li><b>All or nothing.</b> The events of one call are stored together, in their order, with
 *       nothing between them; when the call returns they are as durable as the store is.
 *   <li><b>Optimistic concurrency.</b> Of those who expect the same version of a stream, one is
 *       appended and the others are told ({@link AppendResult.Conflict}).
 *   <li><b>Idempotent.</b> Whoever does not know whether an append was done repeats it unchanged:
 *       it is done once.
 *   <li><b>A global order without gaps.</b> Once an event can be read, no event will ever appear at
 *       a smaller position. So a reader that remembers the last position it saw skips nothing,
 *       however long an append took. In that order the events of a stream are in order of their
 *       versions.
 * </ul>
 *
 * <p>Thread-safe. Every method may throw {@link EventStoreUnavailable}: try the same again later.
 */
public interface EventStore extends AutoCloseable {
    /** The longest name of a stream, in characters. */
    int MAX_STREAM_LENGTH = 250;

    /** The most events of one call. */
    int MAX_EVENTS = 1000;

    /** How many events of the global order are read at once, unless said otherwise. */
    int BATCH_SIZE = 100;

    /**
     * Appends to a stream.
     *
     * @param events at least one, at most {@value #MAX_EVENTS}, each with an id of its own
     * @param expectedVersion the version of the stream's last event as the caller knows it; 0 if
     *     there must be none. (After {@code n} changes an aggregate expects its own version less
     *     {@code n}.)
     * @throws IllegalArgumentException if a parameter is out of its bounds
     */
    AppendResult saveEvents(String stream, List<Envelope> events, long expectedVersion);

    /**
     * As {@link #saveEvents}, without waiting. The future may complete on a thread of the store:
     * what depends on it must be short, or move elsewhere.
     */
    CompletableFuture<AppendResult> saveEventsAsync(
            String stream, List<Envelope> events, long expectedVersion);

    /**
     * The events of a stream in order of their versions; none if there is no such stream.
     *
     * @param fromVersion the version of the first; 0 or 1 for all
     * @param limit at most so many
     */
    List<StoredEvent> getEvents(String stream, long fromVersion, int limit);

    /** All events of a stream from a version on. */
    default List<StoredEvent> getEvents(String stream, long fromVersion) {
        return getEvents(stream, fromVersion, Integer.MAX_VALUE);
    }

    /** All events of a stream. */
    default List<StoredEvent> getEvents(String stream) {
        return getEvents(stream, 1);
    }

    /**
     * The next events in the global order.
     *
     * @param afterPosition the last position that the reader has seen; 0 at the start
     * @param batchSize at most so many; fewer mean that there are no more at present
     */
    List<StoredEvent> getAllEvents(long afterPosition, int batchSize);

    /** The next events in the global order, at most {@value #BATCH_SIZE}. */
    default List<StoredEvent> getAllEvents(long afterPosition) {
        return getAllEvents(afterPosition, BATCH_SIZE);
    }

    /** The first events in the global order, at most {@value #BATCH_SIZE}. */
    default List<StoredEvent> getAllEvents() {
        return getAllEvents(0);
    }

    /** The position of the last event; 0 if there was never one. */
    long lastPosition();

    /**
     * Deletes a stream, its events and its snapshot for good. The name stays taken: whoever still
     * has the stream in mind must not begin it anew by mistake. Positions and versions of the
     * events are not used again. Readers that have seen the events are not told: append an event
     * that says so first.
     */
    DeleteResult deleteStream(String stream, long expectedVersion);

    /**
     * Keeps a snapshot, unless a later one of the stream is there or the stream is not.
     *
     * @return whether it is kept
     */
    boolean saveSnapshot(Snapshot snapshot);

    /** The latest snapshot of a stream. */
    Optional<Snapshot> loadSnapshot(String stream);

    /** Answers what was accepted before, and refuses the rest. */
    @Override
    void close();

    /**
     * Checks what every store must refuse.
     *
     * @throws IllegalArgumentException if a parameter of {@link #saveEvents} is out of its bounds
     */
    static void require(String stream, List<Envelope> events, long expectedVersion) {
        if (stream.isEmpty() || stream.length() > MAX_STREAM_LENGTH || stream.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(
                    "a stream's name has 1 to "
                            + MAX_STREAM_LENGTH
                            + " characters and no NUL, was '"
                            + stream
                            + "'");
        }
        if (events.isEmpty() || events.size() > MAX_EVENTS) {
            throw new IllegalArgumentException(
                    "1 to " + MAX_EVENTS + " events are saved at once, were " + events.size());
        }
        if (expectedVersion < 0) {
            throw new IllegalArgumentException(
                    "expectedVersion must be at least 0, was " + expectedVersion);
        }
    }
}
