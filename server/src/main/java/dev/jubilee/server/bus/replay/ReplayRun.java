package dev.jubilee.server.bus.replay;

import dev.jubilee.events.Envelope;
import dev.jubilee.server.bus.publish.PublishException;
import dev.jubilee.server.bus.search.Span;
import dev.jubilee.server.bus.search.StoredEvent;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
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

    private final Replay replay;
    private final UUID lease;
    private final ReplayStore store;
    private final StoredRange range;
    private final @Nullable ReplayTarget target;
    private final InstantSource clock;
    private final BooleanSupplier closing;
    private final KafkaOrder order = new KafkaOrder();
    private @Nullable Long matched;
    private long skipped;
    private long replayed;
    private long sentInThisRun;
    private final long began = System.nanoTime();

    /**
     * @param target null when nothing is to be sent
     * @param closing whether the instance is about to end
     */
    ReplayRun(
            Replay replay,
            UUID lease,
            ReplayStore store,
            StoredRange range,
            @Nullable ReplayTarget target,
            InstantSource clock,
            BooleanSupplier closing) {
        this.replay = replay;
        this.lease = lease;
        this.store = store;
        this.range = range;
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
                store.finish(
                        replay.replayId(), lease, Replay.Status.COMPLETED, null, clock.instant());
            }
        } catch (PublishException e) {
            log.warn("replay {} ends: {}", replay.replayId(), e.getMessage());
            store.finish(
                    replay.replayId(),
                    lease,
                    Replay.Status.FAILED,
                    e.getMessage(),
                    clock.instant());
        }
    }

    private boolean count() {
        StoredRange.Count count = new StoredRange.Count(0, 0);
        for (Span span : range.countable()) {
            count = count.plus(range.count(span));
            if (!note(null, 0, replay.position())) {
                return false;
            }
        }
        matched = count.matched();
        skipped = count.skipped();
        return note(matched, skipped, replay.position());
    }

    private boolean sendAll(ReplayTarget to) throws InterruptedException {
        UUID next = replay.position();
        while (true) {
            List<StoredEvent> piece = range.from(next, pieceSize());
            order.add(piece);
            boolean last = piece.size() < pieceSize();
            if (!piece.isEmpty()) {
                next = after(piece.getLast().id());
            }
            List<StoredEvent> ready =
                    last ? order.rest() : order.until(piece.getLast().acceptedAt());
            if (!send(to, ready, next)) {
                return false;
            }
            if (last) {
                return true;
            }
        }
    }

    /** Sends and notes in small parts; false when somebody stopped it. */
    private boolean send(ReplayTarget to, List<StoredEvent> events, UUID next)
            throws InterruptedException {
        int sent = 0;
        do {
            int until = Math.min(events.size(), sent + pieceSize());
            List<StoredEvent> part = events.subList(sent, until);
            if (!part.isEmpty()) {
                send(to, part.stream().map(e -> ForwardedEvent.of(e, replay.replayId())).toList());
            }
            sent = until;
            replayed += part.size();
            sentInThisRun += part.size();
            UUID undone = order.firstUndone(events.subList(sent, events.size()), next);
            if (!note(matched, skipped, undone)) {
                return false;
            }
            pace();
        } while (sent < events.size());
        return true;
    }

    /** Whether to go on: the lease is held, and nobody has stopped the replay or the instance. */
    private boolean note(@Nullable Long counted, long left, UUID position) {
        Optional<Replay.Status> status =
                store.advance(replay.replayId(), lease, counted, left, replayed, position);
        if (status.isEmpty()) {
            log.info("replay {} was taken over by another instance", replay.replayId());
        }
        return status.filter(s -> s == Replay.Status.RUNNING).isPresent()
                && !closing.getAsBoolean();
    }

    private void send(ReplayTarget to, List<Envelope> events) throws InterruptedException {
        int tries = 1;
        while (true) {
            try {
                to.send(events).join();
                return;
            } catch (CompletionException e) {
                mayTryAgain(e.getCause(), tries++);
                TimeUnit.NANOSECONDS.sleep(RETRY_NANOS);
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

    private void pace() throws InterruptedException {
        Integer rate = replay.ratePerSecond();
        if (rate != null) {
            long due = (long) (sentInThisRun * 1e9 / rate);
            TimeUnit.NANOSECONDS.sleep(due - (System.nanoTime() - began));
        }
    }

    private static UUID after(UUID id) {
        long low = id.getLeastSignificantBits() + 1;
        return new UUID(id.getMostSignificantBits() + (low == 0 ? 1 : 0), low);
    }
}
