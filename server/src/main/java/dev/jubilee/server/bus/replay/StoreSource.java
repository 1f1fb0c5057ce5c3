package dev.jubilee.server.bus.replay;

import dev.jubilee.server.bus.search.Span;
import dev.jubilee.server.bus.search.StoredEvent;
import java.util.List;
import java.util.UUID;

/**
 * Reads a replay from the event store, and puts Kafka's order together again. What came from Kafka
 * before, while it was there, is left out. For one thread.
 */
final class StoreSource implements ReplaySource {
    private final Replay replay;
    private final StoredRange range;
    private final KafkaPositions fromKafka;
    private final KafkaOrder order = new KafkaOrder();
    private UUID next;
    private List<StoredEvent> piece = List.of();

    StoreSource(Replay replay, StoredRange range) {
        this.replay = replay;
        this.range = range;
        this.fromKafka = KafkaPositions.of(replay.positions());
        this.next = replay.position();
    }

    @Override
    public Piece read(int limit) {
        StoredRange.Part<List<StoredEvent>> part = range.from(next, limit);
        order.add(
                part.found().stream()
                        .filter(e -> !fromKafka.hasPassed(e.topic(), e.partition(), e.offset()))
                        .toList());
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
        return new Position(undone, replay.positions());
    }
}
