package dev.jubilee.server.bus.delivery;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.subscriptions.Subscriptions;
import dev.jubilee.server.http.EventStream;
import dev.jubilee.server.http.ProblemException;
import dev.jubilee.server.security.Principal;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Streams what one subscription is owed. Where events are acknowledged, each is leased until then.
 * Where they are not, an event counts as delivered once the connection has outlived it by a few
 * seconds, or the client names it when it comes back; what was under way when a connection broke is
 * sent again. For one thread.
 */
final class StreamWriter {
    private static final int CHUNK = 200;
    private static final Duration KEEP_ALIVE = Duration.ofSeconds(15);
    private static final Duration SETTLED = Duration.ofSeconds(5);

    private final Subscriptions subscriptions;
    private final Leases leases;
    private final Deque<Sent> unconfirmed = new ArrayDeque<>();
    private final Principal principal;
    private Subscription subscription;
    private long lastWrite = System.nanoTime();
    private long lastLook = System.nanoTime();

    private record Sent(List<Long> ids, long at) {}

    StreamWriter(
            Subscriptions subscriptions,
            Leases leases,
            Subscription subscription,
            Principal principal) {
        this.subscriptions = subscriptions;
        this.leases = leases;
        this.subscription = subscription;
        this.principal = principal;
    }

    /** Returns when the stream has ended. */
    void run(EventStream stream) throws InterruptedException {
        try (Leases.Waiter waiter = leases.waiter(taker())) {
            stream.atEnd(waiter::wake);
            while (stream.isOpen() && isThere()) {
                confirm(SETTLED);
                if (!send(stream)) {
                    keepAlive(stream);
                    waiter.await(
                            subscription,
                            unconfirmed.isEmpty() ? KEEP_ALIVE : Duration.ofSeconds(1));
                }
            }
        } finally {
            giveBack();
            stream.close();
        }
    }

    private Leases.Taker taker() {
        return new Leases.Taker(subscription, principal);
    }

    private boolean isThere() {
        Subscription known = subscriptions.directory().index().find(subscription.id());
        if (known != null) {
            subscription = known;
            return true;
        }
        // Made a moment ago, or gone: the database knows, and is not asked all the time.
        if (System.nanoTime() - lastLook > Duration.ofSeconds(1).toNanos()) {
            lastLook = System.nanoTime();
            try {
                subscription = subscriptions.get(subscription.id().toString());
            } catch (ProblemException e) {
                return false;
            }
        }
        return true;
    }

    private boolean send(EventStream stream) {
        boolean acks = subscription.requiresAck();
        Duration lease = acks ? subscription.ackDeadline() : Leases.UNCONFIRMED;
        List<Delivery> found = leases.take(taker(), CHUNK, lease);
        if (found.isEmpty()) {
            return false;
        }
        StringBuilder text = new StringBuilder();
        List<Long> ids = new ArrayList<>();
        for (Delivery one : found) {
            append(text, one);
            ids.add(one.id());
        }
        boolean sent = stream.send(text.toString());
        lastWrite = System.nanoTime();
        if (!sent) {
            leases.release(subscription, ids, false);
        } else if (!acks) {
            unconfirmed.add(new Sent(ids, lastWrite));
        }
        return sent;
    }

    private static void append(StringBuilder text, Delivery one) {
        text.append("id: ").append(one.id()).append('\n');
        text.append("event: ").append(one.eventType().replaceAll("[\r\n]", " ")).append('\n');
        for (String line : new String(one.body(), UTF_8).split("\r\n|\r|\n", -1)) {
            text.append("data: ").append(line).append('\n');
        }
        text.append('\n');
    }

    private void confirm(Duration age) {
        long now = System.nanoTime();
        List<Long> ids = new ArrayList<>();
        while (!unconfirmed.isEmpty() && now - unconfirmed.peek().at() >= age.toNanos()) {
            ids.addAll(unconfirmed.poll().ids());
        }
        if (!ids.isEmpty()) {
            leases.ack(subscription, ids);
        }
    }

    private void giveBack() {
        List<Long> ids = new ArrayList<>();
        unconfirmed.forEach(sent -> ids.addAll(sent.ids()));
        if (!ids.isEmpty()) {
            leases.release(subscription, ids, true);
        }
    }

    private void keepAlive(EventStream stream) {
        if (System.nanoTime() - lastWrite >= KEEP_ALIVE.toNanos()) {
            stream.send(": still here\n\n");
            lastWrite = System.nanoTime();
        }
    }
}
