package dev.jubilee.server.liveops.occurrences;

import java.util.Collection;
import java.util.Map;
import java.util.UUID;

/** The topics of the bus. Thread-safe. */
public interface BusTopics {
    /** All that there are. */
    Collection<String> names();

    /**
     * Kafka's ids of them as it has them now; those that it does not know are left out. Blocks;
     * throws when the bus does not answer.
     */
    Map<String, UUID> ids();
}
