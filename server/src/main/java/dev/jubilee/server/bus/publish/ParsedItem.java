package dev.jubilee.server.bus.publish;

import dev.jubilee.server.http.Problem;
import org.jspecify.annotations.Nullable;

/** One event of a request, read. */
sealed interface ParsedItem {
    /** Fit to be published, if there is such a topic. */
    record Fit(Publisher.Accepted accepted) implements ParsedItem {}

    /**
     * Refused.
     *
     * @param eventId as far as it was readable
     * @param topic as far as it was readable
     */
    record Refused(@Nullable String eventId, @Nullable String topic, Problem problem)
            implements ParsedItem {}
}
