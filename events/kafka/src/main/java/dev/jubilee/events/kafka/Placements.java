package dev.jubilee.events.kafka;

import dev.jubilee.events.OffsetAdvance;
import dev.jubilee.events.OffsetStore;
import dev.jubilee.events.OffsetStore.Position;
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
import org.apache.kafka.clients.consumer.LogTruncationException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * Where one consumer stands in each of its partitions. A partition that was just assigned, or whose
 * position is in doubt, is displaced: nothing is fetched from it until it was placed where the
 * store says. For the loop's thread alone.
 */
final class Placements implements ConsumerRebalanceListener {
    /** A deleted topic is soon no longer assigned; until then there is no need to hurry. */
    private static final Duration AFTER_DELETION = Duration.ofSeconds(1);

    private static final Duration BEFORE_ALARM = Duration.ofSeconds(1);

    private final LoopSettings settings;
    private final Consumer<byte[], byte[]> consumer;
    private final OffsetStore store;
    private final TopicOffsets kafka;
    private final Losses losses;
    private final Map<TopicPartition, Place> placed = new HashMap<>();

    /** When each displaced partition may be placed, as a {@link System#nanoTime()}. */
    private final Map<TopicPartition, Long> displaced = new HashMap<>();

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
        this.losses = new Losses(settings.group(), listener);
    }

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
        // What was taken away in the meantime is another member's to place.
        List<TopicPartition> ours = new ArrayList<>(partitions);
        ours.retainAll(consumer.assignment());
        consumer.pause(ours);
        long due = System.nanoTime() + delay.toNanos();
        for (TopicPartition partition : ours) {
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
        Map<PartitionId, Position> positions = stored();
        Map<TopicPartition, Long> begins = kafka.list(there, OffsetSpec.earliest());
        Map<TopicPartition, Position> ends = kafka.endsWithEpochs(there);
        for (TopicPartition partition : due) {
            UUID topicId = ids.get(partition.topic());
            Long begin = begins.get(partition);
            Position end = ends.get(partition);
            if (topicId == null || begin == null || end == null) {
                displace(List.of(partition), AFTER_DELETION);
                continue;
            }
            PartitionId id = new PartitionId(topicId, partition.partition());
            place(partition, new Place(id, positions.getOrDefault(id, Place.NOWHERE)), begin, end);
        }
    }

    private Map<PartitionId, Position> stored() {
        try {
            return store.positionsWithEpochs(settings.group());
        } catch (RuntimeException e) {
            // It is back soon, mostly; and while it is not, there is nothing to do harm with.
            throw new RetryableException("the positions cannot be read: " + e.getMessage(), e);
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

    private void place(TopicPartition partition, Place place, long begin, Position end) {
        if (place.isBeyond(end) && suspects.add(partition)) {
            // A broker that has just started may not know its end yet.
            displace(List.of(partition), BEFORE_ALARM);
            return;
        }
        if (place.isLost(end)) {
            losses.beyondEnd(partition, place.offset(), end.offset());
            displace(List.of(partition), settings.alarmInterval());
            return;
        }
        suspects.remove(partition);
        if (place.offset() >= begin) {
            consumer.seek(partition, place.checkedAgainst(end));
        } else {
            if (place.offset() != OffsetAdvance.NONE) {
                losses.deleted(partition, place.offset(), begin);
            }
            if (begin > 0) {
                jumps.add(place.to(new Position(begin, Position.NO_EPOCH), partition));
            }
            consumer.seek(partition, begin);
        }
        displaced.remove(partition);
        placed.put(partition, place);
        if (!paused) {
            consumer.resume(List.of(partition));
        }
    }

    /**
     * The way back to where the group's past and Kafka's log part; until it is gone nothing is
     * fetched. The position takes the epoch of who leads now: a consumer that still has records of
     * the lost end expects another, wherever it stands.
     *
     * @throws RetryableException if Kafka does not answer
     */
    Batch wayBack(LogTruncationException truncation) {
        Map<TopicPartition, Position> ends = kafka.endsWithEpochs(truncation.partitions());
        List<OffsetAdvance.Step> steps = new ArrayList<>();
        for (TopicPartition partition : truncation.partitions()) {
            Place place = placed.get(partition);
            OffsetAndMetadata parting = truncation.divergentOffsets().get(partition);
            Position end = ends.get(partition);
            displace(List.of(partition), Duration.ZERO);
            if (displaced.containsKey(partition)) {
                // The client would go on asking about the old position.
                consumer.seek(partition, 0);
            }
            if (place == null || end == null) {
                continue;
            }
            if (parting == null) {
                losses.beyondEnd(partition, place.offset(), end.offset());
                displace(List.of(partition), settings.alarmInterval());
            } else if (parting.offset() < place.offset()) {
                steps.add(place.to(new Position(parting.offset(), end.leaderEpoch()), partition));
            }
        }
        return new Batch(List.of(), new OffsetAdvance(settings.group(), steps));
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

    /** What a poll brought, with the advance that goes with it. */
    Batch batch(Gathered records) {
        List<ConsumerRecord<byte[], byte[]>> all = new ArrayList<>(records.count());
        List<OffsetAdvance.Step> steps = new ArrayList<>();
        Map<PartitionId, Long> passedOver = new HashMap<>();
        records.next()
                .forEach((partition, next) -> {
                    Place place = placed.get(partition);
                    if (place != null && next.offset() > place.offset()) {
                        List<ConsumerRecord<byte[], byte[]>> own = records.of(partition);
                        all.addAll(own);
                        int epoch = next.leaderEpoch().orElse(Position.NO_EPOCH);
                        steps.add(place.to(new Position(next.offset(), epoch), partition));
                        // A place that is nowhere yet begins at 0: a later beginning is a jump.
                        long others = next.offset() - Math.max(0, place.offset()) - own.size();
                        if (others > 0) {
                            passedOver.put(place.id(), others);
                        }
                    }
                });
        return new Batch(all, new OffsetAdvance(settings.group(), steps), passedOver);
    }

    /** The store has moved on as this says. */
    void advanced(OffsetAdvance advance) {
        for (OffsetAdvance.Step step : advance.steps()) {
            placed.replace(partition(step), new Place(step.partition(), step.next()));
            if (step.isBack()) {
                losses.tail(step);
            }
        }
    }

    static TopicPartition partition(OffsetAdvance.Step step) {
        return new TopicPartition(step.topic(), step.partition().partition());
    }

    /** The store's positions as far as this consumer knows them. */
    Map<PartitionId, Long> positions() {
        Map<PartitionId, Long> positions = new HashMap<>();
        placed.values().forEach(place -> positions.put(place.id(), Math.max(0, place.offset())));
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
