package dev.jubilee.server.bus.replay;

import dev.jubilee.events.kafka.RetryableException;
import dev.jubilee.server.database.DatabaseException;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.KafkaException;

/**
 * How often replays ended where they stood for a reason that does not pass: an event that cannot be
 * made or read, not a server that is away. Thread-safe.
 */
final class ReplayFailures {
    /** So often a replay is tried that comes no further. */
    static final int MOST = 3;

    private final Map<UUID, Met> met = new ConcurrentHashMap<>();

    private record Met(long replayed, int times) {}

    /** Whether it has come no further now, for such a reason, as often as it may. */
    boolean isHopeless(Replay replay, RuntimeException failure) {
        if (passes(failure)) {
            return false;
        }
        Met now =
                met.compute(
                        replay.replayId(),
                        (id, before) ->
                                before == null || before.replayed() != replay.replayed()
                                        ? new Met(replay.replayed(), 1)
                                        : new Met(before.replayed(), before.times() + 1));
        return now.times() >= MOST;
    }

    void forget(UUID replay) {
        met.remove(replay);
    }

    private static boolean passes(RuntimeException failure) {
        return failure instanceof KafkaException
                || failure instanceof RetryableException
                || (failure instanceof DatabaseException e && !e.isOfValues());
    }
}
