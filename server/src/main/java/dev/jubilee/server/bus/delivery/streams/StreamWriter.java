package dev.jubilee.server.bus.delivery.streams;

import dev.jubilee.server.bus.delivery.leases.Lease;
import dev.jubilee.server.bus.delivery.leases.LeaseStore;
import dev.jubilee.server.bus.delivery.leases.Leases;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.subscriptions.Subscriptions;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.EventStream;
import dev.jubilee.server.http.ProblemException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Streams what one subscription is owed. Where events are acknowledged, each is leased until then.
 * Where they are not, an event counts as delivered once the connection has outlived it by a few
 * seconds, or the client comes back and names it, or one that was sent after it; what was under way
 * when a connection broke is sent again. What was routed at this instance comes by its inbox,
 * everything else from PostgreSQL. For one thread.
 */
final class StreamWriter {
    private static final int CHUNK = 200;
    private static final LeaseStore.Most MOST = LeaseStore.Most.of(CHUNK, StreamMemory.MOST);
    private static final LeaseStore.Most LEAST = LeaseStore.Most.within(CHUNK, StreamMemory.LEAST);
    private static final Duration KEEP_ALIVE = Duration.ofSeconds(15);
    private static final Duration SETTLED = Duration.ofSeconds(5);

    /** How often the caller's credentials are checked anew, while there is anything to send. */
    private static final Duration LOOK = Duration.ofSeconds(1);

    /** About how many bytes an event takes beside its body. */
    private static final int FRAME = 128;

    /** How long to wait for memory with what is large: others are sending. */
    private static final long SHORT_OF_MEMORY = Duration.ofMillis(100).toNanos();

    /** How often deliveries are confirmed: a few at a time would be a transaction each. */
    private static final Duration CONFIRMING = Duration.ofMillis(500);

    private final Subscriptions subscriptions;
    private final Leases leases;
    private final OpenStreams streams;
    private final StreamMemory memory;
    private final Unconfirmed unconfirmed;
    private final String ending;
    private final Call call;
    private Subscription subscription;
    private @Nullable StreamInbox inbox;
    private long lastWrite = System.nanoTime();
    private long lastLook = System.nanoTime();
    private long lastConfirmed = System.nanoTime();
    private long takeAt = System.nanoTime();
    private boolean broken;

    StreamWriter(
            Subscriptions subscriptions,
            Leases leases,
            OpenStreams streams,
            Subscription subscription,
            Call call,
            Unconfirmed unconfirmed) {
        this.subscriptions = subscriptions;
        this.leases = leases;
        this.streams = streams;
        this.memory = streams.memory();
        this.subscription = subscription;
        this.call = call;
        this.unconfirmed = unconfirmed;
        this.ending = StreamEventId.ending(unconfirmed.stream());
    }

    /** Returns when the stream has ended. */
    void run(EventStream stream) throws InterruptedException {
        try (Leases.Waiter waiter = leases.waiter(taker())) {
            stream.atEnd(waiter::wake);
            unconfirmed.atEnd(waiter::wake);
            streams.opened(subscription.id(), unconfirmed);
            while (stream.isOpen() && !broken && !unconfirmed.hasEnded() && isThere()) {
                joinOrLeave();
                confirm();
                if (!sendHanded(stream) && !sendWaiting(stream, waiter)) {
                    keepAlive(stream);
                    waiter.await(untilNext());
                }
            }
        } finally {
            leave();
            try {
                giveBack();
            } finally {
                streams.closed(subscription.id(), unconfirmed);
                stream.close();
            }
        }
    }

    /** Handed straight to a stream is only what anybody who streams may have. */
    private void joinOrLeave() {
        if (inbox != null && inbox.rewinds != subscription.state().rewinds()) {
            leave();
        }
        boolean may = subscription.isActive() && leases.mayTakeAllRouted(taker());
        if (may && inbox == null) {
            inbox = streams.join(subscription.id(), subscription.state().rewinds());
        } else if (!may) {
            leave();
        }
    }

    private void leave() {
        if (inbox != null) {
            streams.leave(subscription.id(), inbox);
            inbox = null;
        }
    }

    private Duration untilNext() {
        Duration wait = Duration.ofNanos(Math.max(0, takeAt - System.nanoTime()));
        return unconfirmed.isEmpty() || wait.compareTo(CONFIRMING) < 0 ? wait : CONFIRMING;
    }

    private Leases.Taker taker() {
        return new Leases.Taker(subscription, call.principal());
    }

    /** Whether there is the subscription still, and whoever streams may call still. */
    private boolean isThere() {
        boolean look = System.nanoTime() - lastLook > LOOK.toNanos();
        if (look) {
            lastLook = System.nanoTime();
            if (!call.isStillKnown()) {
                return false;
            }
        }
        Subscription known = subscriptions.directory().index().find(subscription.id());
        if (known != null) {
            subscription = known;
            return true;
        }
        // Made a moment ago, or gone: the database knows, and is not asked all the time.
        if (look) {
            try {
                subscription = subscriptions.get(subscription.id().toString());
            } catch (ProblemException e) {
                return false;
            }
        }
        return true;
    }

    /** Whether there was something. */
    private boolean sendHanded(EventStream stream) {
        if (inbox == null) {
            return false;
        }
        List<Delivery> handed = inbox.poll(CHUNK);
        if (handed.isEmpty()) {
            return false;
        }
        long held = StreamMemory.cost(handed);
        try {
            if (leases.isStale(handed.getFirst(), subscription)) {
                // The reader was slow. Nothing may go past it, so everything goes back.
                inbox.window.leftBehind();
                handed.addAll(inbox.empty());
                leases.release(subscription.id(), handed.stream().map(Lease::of).toList(), null);
                return false;
            }
            // They come again when their leases end.
            takeAt = Math.min(takeAt, System.nanoTime() + Leases.lookEvery(subscription).toNanos());
            send(stream, handed);
            return true;
        } finally {
            memory.giveBack(held);
        }
    }

    /** Whether there was something. */
    private boolean sendWaiting(EventStream stream, Leases.Waiter waiter) {
        boolean behind = inbox == null || inbox.window.isBehind();
        if (!behind && System.nanoTime() - takeAt < 0) {
            return false;
        }
        boolean free = memory.take(StreamMemory.TO_TAKE);
        long held = free ? StreamMemory.TO_TAKE : 0;
        try {
            long mark = inbox == null ? 0 : inbox.window.mark();
            List<Delivery> found = leases.take(taker(), free ? MOST : LEAST);
            if (found.isEmpty()) {
                long wait = waiter.untilLook(subscription, KEEP_ALIVE).toNanos();
                takeAt = System.nanoTime() + (free ? wait : Math.max(wait, SHORT_OF_MEMORY));
                if (inbox != null && free) {
                    inbox.window.caughtUp(mark);
                }
                return false;
            }
            long unused = held - StreamMemory.cost(found);
            held -= unused;
            memory.giveBack(unused);
            send(stream, found);
            return true;
        } finally {
            memory.giveBack(held);
        }
    }

    /** After a failure the stream ends: what is sent behind a gap says nothing of the gap. */
    private void send(EventStream stream, List<Delivery> found) {
        boolean acks = subscription.requiresAck();
        EventStream.Text text = text(found, acks ? "" : ending);
        List<Lease> taken = found.stream().map(Lease::of).toList();
        // Their text may wait for a slow reader; they need not.
        found.clear();
        if (!acks) {
            unconfirmed.sending(taken);
        }
        broken = !stream.send(text);
        lastWrite = System.nanoTime();
        if (!acks && !broken) {
            unconfirmed.sent(lastWrite);
        } else if (acks && broken) {
            leases.release(subscription.id(), taken, null);
        }
    }

    static EventStream.Text text(List<Delivery> found, String ending) {
        int size = found.stream().mapToInt(one -> one.body().length + FRAME).sum();
        EventStream.Text text = new EventStream.Text(size);
        for (Delivery one : found) {
            text.append("id: " + one.id() + ending + '\n');
            text.append("event: " + one.eventType().replaceAll("[\r\n]", " ") + '\n');
            appendData(text, one.body());
            text.append("\n");
        }
        return text;
    }

    /** Line by line, however they end; in UTF-8 their ends are never part of a character. */
    private static void appendData(EventStream.Text text, byte[] body) {
        int line = 0;
        for (int i = 0; i < body.length; i++) {
            boolean pair = body[i] == '\r' && i + 1 < body.length && body[i + 1] == '\n';
            if (!pair && (body[i] == '\n' || body[i] == '\r')) {
                boolean afterPair = body[i] == '\n' && i > line && body[i - 1] == '\r';
                text.append("data: ").append(body, line, i - line - (afterPair ? 1 : 0));
                text.append("\n");
                line = i + 1;
            }
        }
        text.append("data: ").append(body, line, body.length - line).append("\n");
    }

    private void confirm() {
        long now = System.nanoTime();
        if (now - lastConfirmed < CONFIRMING.toNanos()) {
            return;
        }
        lastConfirmed = now;
        long until = now - SETTLED.toNanos();
        List<Long> ids = unconfirmed.settled(until);
        if (!ids.isEmpty()) {
            leases.ack(subscription, ids);
            unconfirmed.confirmed(until);
        }
    }

    private void giveBack() {
        List<Lease> sent = unconfirmed.rest();
        if (!sent.isEmpty()) {
            leases.release(subscription.id(), sent, unconfirmed.stream());
        }
    }

    private void keepAlive(EventStream stream) {
        if (System.nanoTime() - lastWrite >= KEEP_ALIVE.toNanos()) {
            stream.send(new EventStream.Text(FRAME).append(": still here\n\n"));
            lastWrite = System.nanoTime();
        }
    }
}
