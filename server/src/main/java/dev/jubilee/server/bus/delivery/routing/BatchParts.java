package dev.jubilee.server.bus.delivery.routing;

import dev.jubilee.events.OffsetAdvance;
import dev.jubilee.events.OffsetAdvance.Step;
import dev.jubilee.events.OffsetStore.Position;
import dev.jubilee.events.kafka.Batch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * A batch that is consumed in parts, each with the advance over its own records: the last part
 * leaves the group where the whole batch would have. For one thread.
 */
final class BatchParts {
    private final OffsetAdvance whole;
    private final List<ConsumerRecord<byte[], byte[]>> records;

    /** The rest of the advance in each partition. */
    private final Map<TopicPartition, Step> left = new LinkedHashMap<>();

    private int passed;
    private boolean done;

    BatchParts(Batch batch) {
        this.whole = batch.advance();
        this.records = batch.records();
        for (Step step : whole.steps()) {
            left.put(new TopicPartition(step.topic(), step.partition().partition()), step);
        }
    }

    /** The records that no part has had yet, in order. */
    List<ConsumerRecord<byte[], byte[]>> rest() {
        return records.subList(passed, records.size());
    }

    /** Kafka's id of the topic that the record was read from, whatever has its name by now. */
    @Nullable UUID topicId(ConsumerRecord<byte[], byte[]> record) {
        Step step = left.get(partition(record));
        return step == null ? null : step.partition().topicId();
    }

    /** The advance over so many of the rest; over all of them, to where the batch ends. */
    OffsetAdvance advance(int count) {
        if (count == rest().size()) {
            return new OffsetAdvance(whole.group(), stepsToEnd());
        }
        Map<TopicPartition, Position> next = new HashMap<>();
        for (ConsumerRecord<byte[], byte[]> one : rest().subList(0, count)) {
            int epoch = one.leaderEpoch().orElse(Position.NO_EPOCH);
            next.put(partition(one), new Position(one.offset() + 1, epoch));
        }
        List<Step> steps = new ArrayList<>();
        left.forEach((partition, step) -> {
            Position to = next.get(partition);
            if (to != null) {
                steps.add(new Step(step.partition(), step.topic(), step.expected(), to));
            }
        });
        return new OffsetAdvance(whole.group(), steps);
    }

    private List<Step> stepsToEnd() {
        return left.values().stream().filter(step -> !step.expected().equals(step.next())).toList();
    }

    /** A part of so many records is consumed, and the group has moved as this says. */
    void passed(int count, OffsetAdvance advance) {
        done = count == rest().size();
        passed += count;
        for (Step step : advance.steps()) {
            left.computeIfPresent(
                    new TopicPartition(step.topic(), step.partition().partition()),
                    (partition, whole) ->
                            new Step(step.partition(), step.topic(), step.next(), whole.next()));
        }
    }

    boolean isDone() {
        return done;
    }

    private static TopicPartition partition(ConsumerRecord<byte[], byte[]> record) {
        return new TopicPartition(record.topic(), record.partition());
    }
}
