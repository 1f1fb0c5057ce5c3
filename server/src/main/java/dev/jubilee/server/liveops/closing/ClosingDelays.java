package dev.jubilee.server.liveops.closing;

import dev.jubilee.server.liveops.occurrences.Occurrence;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What closing waits for, and since when: it tells of what takes long, and gives up what does not
 * come any more. Thread-safe.
 */
final class ClosingDelays {
    private static final Logger log = LoggerFactory.getLogger(ClosingDelays.class);

    /** So long a topic may be missing from Kafka before it counts as deleted. */
    static final Duration GONE_AFTER = Duration.ofMinutes(1);

    /** How long is long, and how often it is told. */
    private static final Duration LONG = Duration.ofMinutes(1);

    private final InstantSource clock;
    private final Map<Missing, Instant> missing = new ConcurrentHashMap<>();
    private final Map<UUID, Instant> told = new ConcurrentHashMap<>();

    private record Missing(UUID occurrenceId, String topic) {}

    ClosingDelays(InstantSource clock) {
        this.clock = clock;
    }

    /**
     * Whether Kafka has not known a topic that an occurrence waits for, for so long that it was
     * deleted, by hand perhaps: the catalogue may name it still.
     *
     * @param known whether Kafka knows it now
     */
    boolean isMissing(Occurrence occurrence, String topic, boolean known) {
        Missing key = new Missing(occurrence.occurrenceId(), topic);
        if (known) {
            missing.remove(key);
            return false;
        }
        Instant now = clock.instant();
        Instant since = missing.computeIfAbsent(key, first -> now);
        return !now.isBefore(since.plus(GONE_AFTER));
    }

    /** An occurrence waits for progress to pass its end on these topics. */
    void note(Occurrence occurrence, Collection<String> topics) {
        Instant now = clock.instant();
        Instant last = told.computeIfAbsent(occurrence.occurrenceId(), first -> now);
        if (!now.isBefore(last.plus(LONG))) {
            told.put(occurrence.occurrenceId(), now);
            log.warn(
                    "occurrence {} of {} stays closing: progress has not passed its end on {}",
                    occurrence.number(),
                    occurrence.eventId(),
                    topics);
        }
    }

    /** Nothing is awaited any more for any but these occurrences. */
    void keep(Set<UUID> closing) {
        told.keySet().retainAll(closing);
        missing.keySet().removeIf(one -> !closing.contains(one.occurrenceId()));
    }
}
