package dev.jubilee.events.kafka;

import dev.jubilee.events.OffsetAdvance;
import dev.jubilee.events.OffsetStore;
import dev.jubilee.events.PartitionId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where one consumer stands in each of its partitions. A partition that was just assigned, or whose
 * position is in doubt, is displaced: nothing is fetched from it until it was placed where the
 * store says. For the loop's thread alone.
 */
final class Placements implements ConsumerRebalanceListener {
    private static final Logger LOG = LoggerFactory.getLogger(Placements.class);

    /** A deleted topic is soon no longer assigned; until then there is no need to hurry. */
    private static final Duration AFTER_DELETION = Duration.ofSeconds(1);

    private static final Duration BEFORE_ALARM = Duration.ofSeconds(1);

    private final LoopSettings settings;
    private final Consumer<byte[], byte[]> consumer;
    private final OffsetStore store;
    private final TopicOffsets kafka;
    private final LoopListener listener;
    private final Map<TopicPartition, Place> placed = new HashMap<>();

    /** When each displaced partition may be placed, as a {@link System#nanoTime()}. */
    private final Map<TopicPartition, Long> displaced = new HashMap<>();

    /** Where each partition began when the loss of what was before was reported. */
    private final Map<TopicPartition, Long> reportedLosses = new HashMap<>();

    /** Partitions that seemed to end before the group's position. */
    private final Set<TopicPartition> suspects = new HashSet<>();

    /** Steps over records that were deleted, or that came before the group. */
    private final List<OffsetAdvance.Step> jumps = new ArrayList<>();

    private long topicsChecked = System.nanoTime();
    private boolean paused;

    Placements(
            LoopSettings settings,
            Consumer<byte[], byte[]> consumer,
            OffsetStore store,
            TopicOffsets kafka,
            LoopListener listener) {
        this.settings = settings;
        this.consumer = consumer;
        this.store = store;
        this.kafka = kafka;
        this.listener = listener;
    }

    /** The position the store has for the partition, or {@link OffsetAdvance#NONE}. */
    private record Place(PartitionId id, long stored) {}

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        // Some position must be there or the consumer complains; nothing is fetched from it.
        partitions.forEach(partition -> consumer.seek(partition, 0));
        displace(partitions, Duration.ZERO);
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        placed.keySet().removeAll(partitions);
        displaced.keySet().removeAll(partitions);
    }

    /** Stops fetching from these partitions, and places them anew after the delay. */
    void displace(Collection<TopicPartition> partitions, Duration delay) {
        consumer.pause(partitions);
        long due = System.nanoTime() + delay.toNanos();
        for (TopicPartition partition : partitions) {
            placed.remove(partition);
            displaced.put(partition, due);
        }
    }

    /** How long until there is something to place; nothing if there is something now. */
    Duration untilDue(Duration most) {
        long now = System.nanoTime();
        long nanos = most.toNanos();
        for (long due : displaced.values()) {
            nanos = Math.min(nanos, due - now);
        }
        return Duration.ofNanos(Math.max(0, nanos));
    }

    /** Fetches from no partition, or again from all that are placed. */
    void pause(boolean pause) {
        paused = pause;
        if (pause) {
            consumer.pause(placed.keySet());
        } else {
            consumer.resume(placed.keySet());
        }
    }

    /** Now and then looks whether a topic was deleted and made again, and begins anew in it. */
    void checkTopics() {
        long now = System.nanoTime();
        if (placed.isEmpty() || now - topicsChecked < settings.alarmInterval().toNanos()) {
            return;
        }
        topicsChecked = now;
        Map<String, UUID> ids =
                kafka.ids(placed.keySet().stream().map(TopicPartition::topic).distinct().toList());
        List<TopicPartition> changed = new ArrayList<>();
        placed.forEach((partition, place) -> {
            if (!place.id().topicId().equals(ids.get(partition.topic()))) {
                changed.add(partition);
            }
        });
        displace(changed, Duration.ZERO);
    }

    /** Places what is due where the store says. */
    void placeDue() {
        List<TopicPartition> due = due();
        if (due.isEmpty()) {
            return;
        }
        Map<String, UUID> ids =
                kafka.ids(due.stream().map(TopicPartition::topic).distinct().toList());
        List<TopicPartition> there =
                due.stream().filter(partition -> ids.containsKey(partition.topic())).toList();
        Map<PartitionId, Long> positions = store.positions(settings.group());
        Map<TopicPartition, Long> begins = kafka.list(there, OffsetSpec.earliest());
        Map<TopicPartition, Long> ends = kafka.list(there, OffsetSpec.latest());
        for (TopicPartition partition : due) {
            UUID topicId = ids.get(partition.topic());
            Long begin = begins.get(partition);
            Long end = ends.get(partition);
            if (topicId == null || begin == null || end == null) {
                displace(List.of(partition), AFTER_DELETION);
                continue;
            }
            PartitionId id = new PartitionId(topicId, partition.partition());
            long stored = positions.getOrDefault(id, OffsetAdvance.NONE);
            place(partition, new Place(id, stored), begin, end);
        }
    }

    /** They could not be placed: not before this pause. */
    void delayDue(Duration pause) {
        displace(due(), pause);
    }

    private List<TopicPartition> due() {
        long now = System.nanoTime();
        List<TopicPartition> due = new ArrayList<>();
        displaced.forEach((partition, when) -> {
            if (when - now <= 0) {
                due.add(partition);
            }
        });
        return due;
    }

    private void place(TopicPartition partition, Place place, long begin, long end) {
        if (place.stored() > end) {
            if (suspects.add(partition)) {
                // A broker that has just started may not know its end yet.
                displace(List.of(partition), BEFORE_ALARM);
                return;
            }
            LOG.error(
                    "{} stands at {} of {}, which ends at {}: Kafka has lost what it once had;"
                            + " not consuming from it",
                    settings.group(),
                    place.stored(),
                    partition,
                    end);
            listener.beyondEnd(partition, place.stored(), end);
            displace(List.of(partition), settings.alarmInterval());
            return;
        }
        if (place.stored() != OffsetAdvance.NONE && place.stored() < begin) {
            reportLoss(partition, place.stored(), begin);
        }
        suspects.remove(partition);
        if (place.stored() < begin && begin > 0) {
            jumps.add(step(partition, place, begin));
        }
        consumer.seek(partition, Math.max(place.stored(), begin));
        displaced.remove(partition);
        placed.put(partition, place);
        if (!paused) {
            consumer.resume(List.of(partition));
        }
    }

    private void reportLoss(TopicPartition partition, long stored, long begin) {
        Long reported = reportedLosses.put(partition, begin);
        long from = reported == null ? stored : Math.max(stored, reported);
        if (from < begin) {
            LOG.error(
                    "{} lost {} records of {}: deleted before they were consumed",
                    settings.group(),
                    begin - from,
                    partition);
            listener.recordsLost(partition, begin - from);
        }
    }

    /**
     * The advance over what cannot be consumed any more, so that whoever waits for the group to
     * reach the end of a partition that has become empty does not wait for ever.
     */
    Batch jumps() {
        Batch batch = new Batch(List.of(), new OffsetAdvance(settings.group(), jumps));
        jumps.clear();
        return batch;
    }

    private static OffsetAdvance.Step step(TopicPartition partition, Place place, long next) {
        return new OffsetAdvance.Step(place.id(), partition.topic(), place.stored(), next);
    }

    /** What a poll brought, with the advance that goes with it. */
    Batch batch(ConsumerRecords<byte[], byte[]> records) {
        List<ConsumerRecord<byte[], byte[]>> all = new ArrayList<>(records.count());
        List<OffsetAdvance.Step> steps = new ArrayList<>();
        records.nextOffsets()
                .forEach((partition, next) -> {
                    Place place = placed.get(partition);
                    if (place != null && next.offset() > place.stored()) {
                        all.addAll(records.records(partition));
                        steps.add(
                                new OffsetAdvance.Step(
                                        place.id(),
                                        partition.topic(),
                                        place.stored(),
                                        next.offset()));
                    }
                });
        return new Batch(all, new OffsetAdvance(settings.group(), steps));
    }

    /** The store has moved on as this says. */
    void advanced(OffsetAdvance advance) {
        for (OffsetAdvance.Step step : advance.steps()) {
            placed.replace(partition(step), new Place(step.partition(), step.next()));
        }
    }

    static TopicPartition partition(OffsetAdvance.Step step) {
        return new TopicPartition(step.topic(), step.partition().partition());
    }

    /** The store's positions as far as this consumer knows them. */
    Map<PartitionId, Long> positions() {
        Map<PartitionId, Long> positions = new HashMap<>();
        placed.values().forEach(place -> positions.put(place.id(), Math.max(0, place.stored())));
        return positions;
    }

    /** How many records wait in each placed partition, as far as the last fetch told. */
    Map<TopicPartition, Long> lags() {
        Map<TopicPartition, Long> lags = new HashMap<>();
        for (TopicPartition partition : placed.keySet()) {
            consumer.currentLag(partition).ifPresent(lag -> lags.put(partition, lag));
        }
        return lags;
    }
}
