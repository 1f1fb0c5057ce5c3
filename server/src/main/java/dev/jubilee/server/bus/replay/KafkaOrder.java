package dev.jubilee.server.bus.replay;

import dev.jubilee.server.bus.search.StoredEvent;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Puts events that come by their moments of acceptance back into the order that Kafka had,
 * partition by partition. The two differ by as much as the clocks of the instances that accepted
 * them, so an event is held until a later one is {@link #SKEW} ahead of it. Not thread-safe.
 */
final class KafkaOrder {
    /** How far the clocks of instances may be apart. */
    static final Duration SKEW = Duration.ofMillis(250);

    private record Place(String topic, int partition) {}

    private final Map<Place, List<StoredEvent>> held = new HashMap<>();

    /** Takes events in order of their ids. */
    void add(List<StoredEvent> events) {
        for (StoredEvent event : events) {
            held.computeIfAbsent(
                            new Place(event.topic(), event.partition()), p -> new ArrayList<>())
                    .add(event);
        }
    }

    /** What can go now that everything accepted before the moment is here. */
    List<StoredEvent> until(Instant moment) {
        Instant safe = moment.minus(SKEW);
        List<StoredEvent> ready = new ArrayList<>();
        for (List<StoredEvent> partition : held.values()) {
            long last = Long.MIN_VALUE;
            for (StoredEvent event : partition) {
                if (event.acceptedAt().isBefore(safe)) {
                    last = Math.max(last, event.offset());
                }
            }
            take(partition, last, ready);
        }
        return ready;
    }

    /** Everything that is left. */
    List<StoredEvent> rest() {
        List<StoredEvent> ready = new ArrayList<>();
        held.values().forEach(partition -> take(partition, Long.MAX_VALUE, ready));
        return ready;
    }

    private static void take(List<StoredEvent> partition, long last, List<StoredEvent> ready) {
        partition.sort(Comparator.comparingLong(StoredEvent::offset));
        int count = 0;
        while (count < partition.size() && partition.get(count).offset() <= last) {
            count++;
        }
        List<StoredEvent> gone = partition.subList(0, count);
        ready.addAll(gone);
        gone.clear();
    }

    /** The least id that is held; null when none is. */
    @Nullable UUID firstHeld() {
        UUID first = null;
        for (List<StoredEvent> partition : held.values()) {
            for (StoredEvent event : partition) {
                if (first == null || isBefore(event.id(), first)) {
                    first = event.id();
                }
            }
        }
        return first;
    }

    /** As PostgreSQL orders them, unsigned. */
    private static boolean isBefore(UUID one, UUID other) {
        int high =
                Long.compareUnsigned(one.getMostSignificantBits(), other.getMostSignificantBits());
        return high < 0
                || (high == 0
                        && Long.compareUnsigned(
                                        one.getLeastSignificantBits(),
                                        other.getLeastSignificantBits())
                                < 0);
    }
}
