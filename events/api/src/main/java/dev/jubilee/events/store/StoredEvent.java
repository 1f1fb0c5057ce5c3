package dev.jubilee.events.store;

import dev.jubilee.events.Envelope;

/**
 * An event as a store gives it back.
 *
 * @param stream what it belongs to
 * @param version its number in the stream; the first is 1, and none is left out
 * @param position its place in the global order; greater than that of every event stored before,
 *     but not always by one
 * @param event the event as it was saved
 * @param erased whether its data was somebody's and has been shredded: the event then has none
 */
public record StoredEvent(
        String stream, long version, long position, Envelope event, boolean erased) {
    /** An event with its data. */
    public StoredEvent(String stream, long version, long position, Envelope event) {
        this(stream, version, position, event, false);
    }

    /** The same event in the same place with other contents. */
    public StoredEvent with(Envelope other, boolean nowErased) {
        return new StoredEvent(stream, version, position, other, nowErased);
    }
}
