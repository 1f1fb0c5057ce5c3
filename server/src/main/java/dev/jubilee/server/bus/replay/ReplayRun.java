package dev.jubilee.server.bus.replay;

import dev.jubilee.server.bus.publish.PublishException;
import dev.jubilee.server.bus.replay.Replays.Replayed;
import dev.jubilee.server.bus.search.Span;
import dev.jubilee.server.database.Database;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run of a replay by the instance that holds its lease: counts, then sends, and notes after
 * each piece how far it has come. A piece whose note was lost is sent again, with the same ids. For
 * one thread.
 */
final class ReplayRun {
    private static final Logger log = LoggerFactory.getLogger(ReplayRun.class);
    private static final int PIECE = 2_000;
    private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long ROOM_MILLIS = 100;
    private static final long FULL_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final Replay replay;
    private final UUID lease;
    private final ReplayStore store;
    private final StoredRange range;
    private final Sources sources;
    private final @Nullable ReplayTarget target;
    private final Database database;
    private final InstantSource clock;
    private final BooleanSupplier closing;
    private @Nullable Long matched;
    private long skipped;
    private long replayed;
    private long nextPiece = System.nanoTime();

    /** Opens what a replay is read from. */
    @FunctionalInterface
    interface Sources {
        ReplaySource open(int atOnce);
    }

    /** A replay, and by what right it is run. */
    record Held(Replay replay, UUID lease) {}

    /**
     * @param target null when nothing is to be sent
     * @param closing whether the instance is about to end
     */
    ReplayRun(
            Held held,
            Database database,
            Sources sources,
            @Nullable ReplayTarget target,
            InstantSource clock,
            BooleanSupplier closing) {
        this.replay = held.replay();
        this.lease = held.lease();
        this.database = database;
        this.store = new ReplayStore(database);
        this.range = new StoredRange(database, replay);
        this.sources = sources;
        this.target = target;
        this.clock = clock;
        this.closing = closing;
        this.matched = replay.matched();
        this.skipped = replay.skipped();
        this.replayed = replay.replayed();
    }

    /** Goes on until it is done, somebody stops it, or the lease is lost. */
    void run() throws InterruptedException {
        try {
            if ((matched != null || count()) && (target == null || sendAll(target))) {
                finish(Replay.Status.COMPLETED, null);
            }
        } catch (OffsetOutOfRangeException e) {
            log.info("Kafka holds no more what replay {} is of", replay.replayId());
            store.readStore(replay.replayId(), lease);
        } catch (PublishException | TargetGone e) {
            log.warn("replay {} ends: {}", replay.replayId(), e.getMessage());
            finish(Replay.Status.FAILED, e.getMessage());
        }
    }

    private void finish(Replay.Status status, @Nullable String error) {
        store.finish(replay.replayId(), lease, status, error, clock.instant());
    }

    /** The target of the replay was deleted. */
    private static final class TargetGone extends RuntimeException {
        private static final long serialVersionUID = 1L;

        TargetGone(String message) {
            super(message);
        }
    }

    private boolean count() {
        StoredRange.Count count = new StoredRange.Count(0, 0);
        UUID next = Span.floor(replay.startTime());
        while (next != null) {
            StoredRange.Part<StoredRange.Count> part = range.count(next);
            count = count.plus(part.found());
            next = part.next();
            if (!note(null, 0, begin())) {
                return false;
            }
        }
        matched = count.matched();
        skipped = count.skipped();
        return note(matched, skipped, begin());
    }

    private ReplaySource.Position begin() {
        return new ReplaySource.Position(replay.position(), replay.positions());
    }

    private boolean sendAll(ReplayTarget to) throws InterruptedException {
        try (ReadAhead ahead = new ReadAhead(sources.open(pieceSize()), pieceSize())) {
            while (awaitRoom(to)) {
                ReadAhead.Piece piece = ahead.next();
                for (ReadAhead.Part part : piece.parts()) {
                    if (!send(to, part)) {
                        return false;
                    }
                }
                if (piece.last()) {
                    return true;
                }
            }
            return false;
        }
    }

    /** Sends and notes; false when somebody stopped it. */
    private boolean send(ReplayTarget to, ReadAhead.Part part) throws InterruptedException {
        replayed += part.events().size();
        nextPiece = Math.max(nextPiece, System.nanoTime());
        if (!take(to, part.events(), part.then())) {
            return false;
        }
        pace(part.events().size());
        return true;
    }

    private boolean take(ReplayTarget to, List<Replayed> part, ReplaySource.Position then)
            throws InterruptedException {
        return switch (to) {
            case ReplayTarget.Forwarding topic -> {
                yield (part.isEmpty() || send(topic, part)) && note(matched, skipped, then);
            }
            case ReplayTarget.Transactional subscription ->
                    goesOn(
                            database.transaction(connection -> {
                                Optional<Replay.Status> status =
                                        advance(connection, matched, skipped, then);
                                if (status.isPresent() && !part.isEmpty()) {
                                    subscription.owe(connection, part);
                                }
                                return status;
                            }));
        };
    }

    /** Waits until the target takes more; false when somebody stopped it, or it waits too long. */
    private boolean awaitRoom(ReplayTarget to) throws InterruptedException {
        long since = System.nanoTime();
        long renewAt = since + RETRY_NANOS;
        while (System.nanoTime() - since < FULL_NANOS) {
            switch (to.room()) {
                case FREE -> {
                    return true;
                }
                case GONE -> throw new TargetGone("what it was to be sent to was deleted");
                case FULL -> TimeUnit.MILLISECONDS.sleep(ROOM_MILLIS);
            }
            if (System.nanoTime() - renewAt > 0) {
                renewAt = System.nanoTime() + RETRY_NANOS;
                if (!renew()) {
                    return false;
                }
            }
        }
        // Few run at once, and others need not wait for this target.
        store.stepBack(replay.replayId(), lease);
        return false;
    }

    private boolean renew() {
        return goesOn(database.transaction(c -> ReplayStore.renew(c, replay.replayId(), lease)));
    }

    private boolean note(@Nullable Long counted, long left, ReplaySource.Position position) {
        return goesOn(database.transaction(c -> advance(c, counted, left, position)));
    }

    private Optional<Replay.Status> advance(
            Connection connection,
            @Nullable Long counted,
            long left,
            ReplaySource.Position position)
            throws SQLException {
        return ReplayStore.advance(
                connection,
                replay.replayId(),
                lease,
                new ReplayStore.Progress(counted, left, replayed, position));
    }

    /** Whether to go on: the lease is held, and nobody has stopped the replay or the instance. */
    private boolean goesOn(Optional<Replay.Status> status) {
        if (status.isEmpty()) {
            log.info("replay {} was taken over by another instance", replay.replayId());
        }
        return status.filter(s -> s == Replay.Status.RUNNING).isPresent()
                && !closing.getAsBoolean();
    }

    /** Waits for Kafka as long as need be; false when somebody stopped it meanwhile. */
    private boolean send(ReplayTarget.Forwarding to, List<Replayed> events)
            throws InterruptedException {
        int tries = 1;
        while (true) {
            try {
                to.send(events).join();
                return true;
            } catch (CompletionException e) {
                mayTryAgain(e.getCause(), tries++);
                TimeUnit.NANOSECONDS.sleep(RETRY_NANOS);
            }
            if (!renew()) {
                return false;
            }
        }
    }

    /** Kafka comes back; an event that it never takes, or a topic that is gone, does not. */
    private void mayTryAgain(@Nullable Throwable cause, int tries) {
        if (cause instanceof PublishException e
                && (e.reason() == PublishException.Reason.TOO_LARGE
                        || e.reason() == PublishException.Reason.UNKNOWN_TOPIC)) {
            throw e;
        }
        if (closing.getAsBoolean()) {
            throw new IllegalStateException("the instance ends", cause);
        }
        if (tries == 1) {
            log.warn("replay {} waits: {}", replay.replayId(), String.valueOf(cause));
        }
    }

    /** Small enough that a slow replay notes its progress, and hears of a pause, each second. */
    private int pieceSize() {
        Integer rate = replay.ratePerSecond();
        return rate == null ? PIECE : Math.clamp(rate / 4, 1, PIECE);
    }

    /** Time that was lost, by counting or waiting, is not made up for: a rate is a limit. */
    private void pace(int sent) throws InterruptedException {
        Integer rate = replay.ratePerSecond();
        if (rate != null) {
            nextPiece += (long) (sent * 1e9 / rate);
            TimeUnit.NANOSECONDS.sleep(nextPiece - System.nanoTime());
        }
    }
}
