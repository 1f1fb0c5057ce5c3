package dev.jubilee.server.bus.replay;

import dev.jubilee.server.bus.replay.Replays.Replayed;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Where the events of a replay go, each marked with the replay's id. Thread-safe. */
sealed interface ReplayTarget {
    /** Whether it is there, and has room. */
    Room room();

    /** Takes events before it is noted that they are done: what was not noted comes again. */
    non-sealed interface Forwarding extends ReplayTarget {
        /**
         * Takes events, in this order. The next ones come once these are done with.
         *
         * @return completes when they are safe there; exceptionally when they are to be sent again
         */
        CompletableFuture<?> send(List<Replayed> events);
    }

    /** Takes events in the transaction that notes that they are done: each comes once. */
    non-sealed interface Transactional extends ReplayTarget {
        /** Takes events, in this order. */
        void owe(Connection connection, List<Replayed> events) throws SQLException;
    }

    /** Whether a target takes more. */
    enum Room {
        FREE,
        /** Later. */
        FULL,
        /** Never more. */
        GONE
    }
}
