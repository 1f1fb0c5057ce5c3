package dev.jubilee.server.bus.replay;

import dev.jubilee.server.bus.search.StoredEvent;
import dev.jubilee.server.database.UuidOrder;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.UUID;

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

    /** The events that can go now that everything accepted before the moment is here. */
    List<StoredEvent> until(Instant moment) {
        Instant safe = moment.minus(SKEW);
        List<Deque<StoredEvent>> ready = new ArrayList<>();
        for (List<StoredEvent> partition : held.values()) {
            long last = Long.MIN_VALUE;
            for (StoredEvent event : partition) {
                if (event.acceptedAt().isBefore(safe)) {
                    last = Math.max(last, event.offset());
                }
            }
            ready.add(take(partition, last));
        }
        return merged(ready);
    }

    /** Everything that is left. */
    List<StoredEvent> rest() {
        return merged(
                held.values().stream().map(partition -> take(partition, Long.MAX_VALUE)).toList());
    }

    private static Deque<StoredEvent> take(List<StoredEvent> partition, long last) {
        partition.sort(Comparator.comparingLong(StoredEvent::offset));
        int count = 0;
        while (count < partition.size() && partition.get(count).offset() <= last) {
            count++;
        }
        List<StoredEvent> gone = partition.subList(0, count);
        Deque<StoredEvent> taken = new ArrayDeque<>(gone);
        gone.clear();
        return taken;
    }

    /** By ids as far as the order of each partition lets: what is sent is then done with. */
    private static List<StoredEvent> merged(List<Deque<StoredEvent>> partitions) {
        PriorityQueue<Deque<StoredEvent>> heads =
                new PriorityQueue<>((one, other) ->
                        UuidOrder.compare(one.getFirst().id(), other.getFirst().id()));
        partitions.stream().filter(partition -> !partition.isEmpty()).forEach(heads::add);
        List<StoredEvent> merged = new ArrayList<>();
        while (!heads.isEmpty()) {
            Deque<StoredEvent> first = heads.remove();
            merged.add(first.removeFirst());
            if (!first.isEmpty()) {
                heads.add(first);
            }
        }
        return merged;
    }

    /**
     * The least id that is not done with.
     *
     * @param unsent what has left but has not been sent
     * @param otherwise when there is none
     */
    UUID firstUndone(List<StoredEvent> unsent, UUID otherwise) {
        UUID first = otherwise;
        for (StoredEvent event : unsent) {
            first = UuidOrder.compare(event.id(), first) < 0 ? event.id() : first;
        }
        for (List<StoredEvent> partition : held.values()) {
            for (StoredEvent event : partition) {
                first = UuidOrder.compare(event.id(), first) < 0 ? event.id() : first;
            }
        }
        return first;
    }
}
