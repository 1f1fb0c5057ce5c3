package dev.jubilee.events.kafka;

import dev.jubilee.events.OffsetAdvance;
import dev.jubilee.events.OffsetStore;
import dev.jubilee.events.PartitionId;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Keeps what was consumed together with the positions, as a database would: an effect and its
 * advance are one step under one lock.
 */
final class Ledger implements OffsetStore, BatchHandler {
    private final Map<PartitionId, Position> positions = new HashMap<>();
    private final List<String> consumed = new ArrayList<>();
    private long passedOver;
    private int failingReads;

    @Override
    public synchronized Map<PartitionId, Long> positions(String group) {
        Map<PartitionId, Long> offsets = new HashMap<>();
        positions.forEach((partition, position) -> offsets.put(partition, position.offset()));
        return offsets;
    }

    @Override
    public synchronized Map<PartitionId, Position> positionsWithEpochs(String group) {
        if (failingReads-- > 0) {
            throw new IllegalStateException("the store is away");
        }
        return Map.copyOf(positions);
    }

    @Override
    public synchronized Handled handle(Batch batch) {
        for (OffsetAdvance.Step step : batch.advance().steps()) {
            Position position = positions.getOrDefault(step.partition(), Place.NOWHERE);
            if (!position.equals(step.expected())) {
                return Handled.FENCED;
            }
        }
        for (OffsetAdvance.Step step : batch.advance().steps()) {
            positions.put(step.partition(), step.next());
        }
        for (ConsumerRecord<byte[], byte[]> record : batch.records()) {
            consumed.add(new String(record.value(), StandardCharsets.UTF_8));
        }
        for (long records : batch.passedOver().values()) {
            passedOver += records;
        }
        return Handled.ADVANCED;
    }

    synchronized void failReads(int times) {
        failingReads = times;
    }

    synchronized List<String> consumed() {
        return List.copyOf(consumed);
    }

    synchronized long passedOver() {
        return passedOver;
    }

    /** As if another consumer had been there. */
    synchronized void move(PartitionId partition, long position) {
        move(partition, new Position(position, Position.NO_EPOCH));
    }

    synchronized void move(PartitionId partition, Position position) {
        positions.put(partition, position);
    }
}
