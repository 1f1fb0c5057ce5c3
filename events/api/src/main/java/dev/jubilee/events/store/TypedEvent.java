package dev.jubilee.events.store;

import dev.jubilee.events.BaseEvent;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An event of a store as this program reads it.
 *
 * @param stored where it stands, and as it was saved
 * @param read its payload brought to the current schema version; null if it was somebody's data and
 *     has been shredded
 */
public record TypedEvent(StoredEvent stored, @Nullable BaseEvent read) {
    /** The event, unless it was shredded. */
    public Optional<BaseEvent> event() {
        return Optional.ofNullable(read);
    }

    /** Its number in its stream, from 1. */
    public long version() {
        return stored.version();
    }

    /** Its place in the global order. */
    public long position() {
        return stored.position();
    }
}
