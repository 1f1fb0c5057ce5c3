package dev.jubilee.server.bus.replay;

import dev.jubilee.server.bus.replay.Replays.Replayed;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Reads the next piece of a replay while the one before it is being sent: one piece ahead, on a
 * thread of its own. For one thread.
 */
final class ReadAhead implements AutoCloseable {
    /**
     * What is sent and noted at once.
     *
     * @param then how far everything is done when these are
     */
    record Part(List<Replayed> events, ReplaySource.Position then) {}

    /**
     * The next events, in parts; at least one, which may be empty.
     *
     * @param last whether there are no more behind them
     */
    record Piece(List<Part> parts, boolean last) {}

    private final ReplaySource source;
    private final int partSize;
    private final ExecutorService reader;
    private @Nullable Future<Piece> next;

    /**
     * Reads nothing yet: there may be no room for it.
     *
     * @param source is closed together with this
     * @param partSize events of a part, at most
     */
    ReadAhead(ReplaySource source, int partSize) {
        this.source = source;
        this.partSize = partSize;
        // Kafka's client waits in ways that would hold a virtual thread's carrier.
        this.reader =
                Executors.newSingleThreadExecutor(
                        Thread.ofPlatform().name("replay-reader").daemon().factory());
    }

    /**
     * Waits for the next piece. What kept it from being read is thrown here, when everything before
     * it was taken.
     */
    Piece next() throws InterruptedException {
        Future<Piece> reading = next == null ? reader.submit(this::read) : next;
        try {
            Piece piece = reading.get();
            next = piece.last() ? null : reader.submit(this::read);
            return piece;
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                case null, default -> throw new IllegalStateException(e.getCause());
            }
        }
    }

    /** The positions as well: the source tells them of its last piece only. */
    private Piece read() {
        ReplaySource.Piece piece = source.read(partSize);
        List<Replayed> events = piece.events();
        List<Part> parts = new ArrayList<>();
        int sent = 0;
        do {
            int until = Math.min(events.size(), sent + partSize);
            parts.add(new Part(events.subList(sent, until), source.after(until)));
            sent = until;
        } while (sent < events.size());
        return new Piece(parts, piece.last());
    }

    /** Waits for what is being read, as long as the source takes for it, and closes the source. */
    @Override
    public void close() {
        reader.close();
        source.close();
    }
}
