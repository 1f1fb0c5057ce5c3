package dev.jubilee.server.bus.replay;

import dev.jubilee.server.bus.search.Span;
import dev.jubilee.server.bus.search.StoredEvent;
import dev.jubilee.server.database.UuidOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.common.TopicPartition;

/**
 * Reads a replay from the event store, and puts Kafka's order together again. What came from Kafka
 * before, while it was there, is left out, and so is what left before an event of an earlier id
 * that is still owed. For one thread.
 */
final class StoreSource implements ReplaySource {
    private final Replay replay;
    private final StoredRange range;
    private final KafkaPositions before;

    /** What has left, of all pieces before the present one. */
    private final Map<TopicPartition, KafkaPositions.Range> passed;

    private final KafkaOrder order = new KafkaOrder();
    private UUID next;
    private List<StoredEvent> piece = List.of();

    StoreSource(Replay replay, StoredRange range) {
        this.replay = replay;
        this.range = range;
        this.before = KafkaPositions.of(replay.positions());
        this.passed = new HashMap<>(before.ranges());
        this.next = replay.position();
    }

    @Override
    public Piece read(int limit) {
        note(passed, piece);
        StoredRange.Part<List<StoredEvent>> part = range.from(next, limit);
        order.add(part.found().stream().filter(event -> !before.hasPassed(event)).toList());
        UUID then = part.next();
        boolean last = then == null;
        next = then == null ? Span.floor(replay.endTime()) : then;
        piece = last ? order.rest() : order.until(Span.timeOf(next));
        return new Piece(
                piece.stream()
                        .map(event ->
                                new Replays.Replayed(
                                        event.topic(), ForwardedEvent.of(event, replay.replayId())))
                        .toList(),
                last);
    }

    @Override
    public Position after(int done) {
        UUID undone = order.firstUndone(piece.subList(done, piece.size()), next);
        Map<TopicPartition, KafkaPositions.Range> now = new HashMap<>(passed);
        note(now, piece.subList(0, done));
        // What is read again begins with the undone: of what is before it, nothing need be known.
        now.values()
                .removeIf(range ->
                        range.until() != null && UuidOrder.compare(range.until(), undone) < 0);
        return new Position(undone, now.isEmpty() ? null : new KafkaPositions(now).text());
    }

    private static void note(
            Map<TopicPartition, KafkaPositions.Range> passed, List<StoredEvent> sent) {
        for (StoredEvent event : sent) {
            passed.merge(
                    new TopicPartition(event.topic(), event.partition()),
                    new KafkaPositions.Range(event.offset() + 1, 0, event.id()),
                    StoreSource::later);
        }
    }

    /** The offset is the later one's: those of a topic that was made again begin anew. */
    private static KafkaPositions.Range later(
            KafkaPositions.Range one, KafkaPositions.Range other) {
        UUID until = one.until();
        if (until == null || other.until() == null) {
            return new KafkaPositions.Range(Math.max(one.next(), other.next()), one.end());
        }
        UUID last = UuidOrder.compare(until, other.until()) > 0 ? until : other.until();
        return new KafkaPositions.Range(other.next(), other.end(), last);
    }
}
