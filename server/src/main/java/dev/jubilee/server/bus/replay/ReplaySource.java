package dev.jubilee.server.bus.replay;

import dev.jubilee.events.Envelope;
import dev.jubilee.server.forwarding.ForwardedMarks;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Where the events of a replay are read, in the order of each key. For one thread. */
interface ReplaySource extends AutoCloseable {
    /**
     * How far everything is done.
     *
     * @param store every event before this id, if they come from the event store
     * @param kafka a {@link KafkaPositions}, as JSON: what is done of each partition; null when it
     *     says nothing more
     */
    record Position(UUID store, @Nullable String kafka) {}

    /**
     * The next events.
     *
     * @param last whether there are no more behind them
     */
    record Piece(List<Replays.Replayed> events, boolean last) {}

    /** Reads the next events that may go; at most about so many, and none at all at times. */
    Piece read(int limit);

    /** Where it stands when so many events of the last piece are done. */
    Position after(int done);

    @Override
    default void close() {}

    /** As it travels once more, marked with the replay's id. */
    static Envelope marked(Envelope event, UUID replayId) {
        var extensions = new java.util.HashMap<>(event.extensions());
        extensions.put(ForwardedMarks.REPLAY, replayId.toString());
        return event.toBuilder().extensions(extensions).build();
    }
}
