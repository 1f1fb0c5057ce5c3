package dev.jubilee.events.tck;

import dev.jubilee.events.OffsetAdvance;
import dev.jubilee.events.OffsetAdvance.Step;
import dev.jubilee.events.OffsetStore;
import dev.jubilee.events.PartitionId;
import java.util.HashMap;
import java.util.Map;

/** A store that somebody else could have written: one lock, and maps. */
class InMemoryOffsetsTest extends OffsetStoreContract {
    private static final OffsetStore.Position NOWHERE =
            new OffsetStore.Position(OffsetAdvance.NONE, OffsetStore.Position.NO_EPOCH);

    private final InMemory offsets = new InMemory();

    private static final class InMemory implements OffsetStore {
        private final Map<String, Map<PartitionId, Position>> groups = new HashMap<>();

        @Override
        public synchronized Map<PartitionId, Long> positions(String group) {
            Map<PartitionId, Long> found = new HashMap<>();
            positionsWithEpochs(group)
                    .forEach((partition, position) -> found.put(partition, position.offset()));
            return found;
        }

        @Override
        public synchronized Map<PartitionId, Position> positionsWithEpochs(String group) {
            return Map.copyOf(groups.getOrDefault(group, Map.of()));
        }

        synchronized boolean advance(OffsetAdvance advance) {
            Map<PartitionId, Position> positions =
                    groups.computeIfAbsent(advance.group(), group -> new HashMap<>());
            for (Step step : advance.steps()) {
                Position position = positions.getOrDefault(step.partition(), NOWHERE);
                if (!position.equals(step.expected())) {
                    return false;
                }
            }
            advance.steps().forEach(step -> positions.put(step.partition(), step.next()));
            return true;
        }
    }

    @Override
    protected OffsetStore open() {
        return offsets;
    }

    @Override
    protected boolean advance(OffsetAdvance advance) {
        return offsets.advance(advance);
    }
}
