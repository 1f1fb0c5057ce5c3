package dev.jubilee.events.kafka;

import dev.jubilee.events.OffsetAdvance;
import dev.jubilee.events.OffsetStore.Position;
import dev.jubilee.events.PartitionId;
import java.util.Optional;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * Where the group stands in one partition by the store's word.
 *
 * @param stored its offset is {@link OffsetAdvance#NONE} where the store has no position
 */
record Place(PartitionId id, Position stored) {
    static final Position NOWHERE = new Position(OffsetAdvance.NONE, Position.NO_EPOCH);

    long offset() {
        return stored.offset();
    }

    /** Whether the group stands where Kafka has nothing yet, or in an epoch yet to come. */
    boolean isBeyond(Position end) {
        return offset() > end.offset() || isUnheardOf(end);
    }

    /** Whether Kafka cannot tell where the group's past and its own log part. */
    boolean isLost(Position end) {
        return isUnheardOf(end) || (offset() > end.offset() && !end.hasEpoch());
    }

    private boolean isUnheardOf(Position end) {
        return end.hasEpoch() && stored.leaderEpoch() > end.leaderEpoch();
    }

    /**
     * Where to fetch from. First Kafka's client asks the leader where the log of this epoch ends. A
     * position beyond the end whose epoch is not known is held against the epoch before the
     * leader's own: what the leader wrote itself came after the loss.
     */
    OffsetAndMetadata checkedAgainst(Position end) {
        Optional<Integer> epoch = Optional.empty();
        if (stored.hasEpoch()) {
            epoch = Optional.of(stored.leaderEpoch());
        } else if (offset() > end.offset()) {
            epoch = Optional.of(Math.max(0, end.leaderEpoch() - 1));
        }
        return new OffsetAndMetadata(offset(), epoch, "");
    }

    /** From here to there. */
    OffsetAdvance.Step to(Position next, TopicPartition partition) {
        return new OffsetAdvance.Step(id, partition.topic(), stored, next);
    }
}
