package dev.jubilee.events.shredding;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.store.Snapshot;
import org.jspecify.annotations.Nullable;

/** Says whose data is in events and snapshots. */
@FunctionalInterface
public interface PersonalData {
    /** The person whose data this event's payload is; null if it is nobody's. */
    @Nullable String personOf(Envelope event);

    /** The person whose data this snapshot is; null, unless overridden, if it is nobody's. */
    default @Nullable String personOf(Snapshot snapshot) {
        return null;
    }
}
