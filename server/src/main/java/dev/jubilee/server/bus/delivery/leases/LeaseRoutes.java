package dev.jubilee.server.bus.delivery.leases;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.subscriptions.DeliveryMethod;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.subscriptions.Subscriptions;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Input;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.security.Access;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.util.RawValue;

/** The HTTP face of pulling, acknowledging and giving back. */
public final class LeaseRoutes implements Routes {
    private static final int MAX_IDS = 1_000;

    /** Of events in one answer, unless a single one has more. */
    private static final int MAX_BYTES = 1 << 20;

    /** Beside the answer there is what it is made of. */
    private static final int IN_MEMORY = 2;

    private static final Duration PATIENCE = Duration.ofSeconds(1);
    private static final Duration PAUSE = Duration.ofMillis(20);
    private static final Problem OVERLOADED =
            Problem.unavailable(
                    "overloaded",
                    "Too many large answers wait to be read; nothing was taken.",
                    Duration.ofSeconds(1));

    private static final Problem REVOKED =
            Problem.unauthenticated("The credentials were revoked or expired; nothing was taken.");

    private static final int MAX_DELAY = 7 * 24 * 3_600;

    private final Subscriptions subscriptions;
    private final Leases leases;

    public LeaseRoutes(Subscriptions subscriptions, Leases leases) {
        this.subscriptions = subscriptions;
        this.leases = leases;
    }

    /** A leased event, as callers see it. */
    private record Taken(String deliveryId, int attempt, @Nullable Instant ackBy, RawValue event) {}

    @Override
    public void on(Router router) {
        String one = "/subscriptions/{subscription_id}";
        router.post(one + "/pull", Access.STAFF, this::pull)
                .post(one + "/ack", Access.STAFF, this::ack)
                .post(one + "/nack", Access.STAFF, this::nack);
    }

    private Reply pull(Call call) throws InterruptedException {
        Subscription subscription = taken(call, subscriptions);
        Input body = call.optionalInput();
        int max = body.integer("max", 1, 1_000, 100);
        Duration wait = Duration.ofMillis(body.integer("wait_ms", 0, 20_000, 0));
        body.check();
        LeaseStore.Most most = LeaseStore.Most.of(max, MAX_BYTES);
        Leases.Taker taker = new Leases.Taker(subscription, call.principal());
        List<Delivery> found;
        long until = System.nanoTime() + wait.toNanos();
        try (Leases.Waiter waiter = leases.waiter(taker)) {
            found = take(call, waiter, taker, most);
            while (found.isEmpty() && until - System.nanoTime() > 0 && !call.isAbandoned()) {
                waiter.await(taker.subscription(), Duration.ofNanos(until - System.nanoTime()));
                taker = asOfNow(taker);
                found = take(call, waiter, taker, most);
            }
        }
        boolean acks = taker.subscription().requiresAck();
        if (!acks && !found.isEmpty()) {
            leases.ack(taker.subscription(), found.stream().map(Delivery::id).toList());
        }
        List<Taken> views =
                found.stream()
                        .map(it ->
                                new Taken(
                                        Long.toString(it.id()),
                                        it.attempts(),
                                        acks ? it.dueAt() : null,
                                        new RawValue(new String(it.body(), UTF_8))))
                        .toList();
        return Reply.ok(Map.of("events", views));
    }

    /** The subscription as it is now: it may have been paused or deleted during the wait. */
    private Leases.Taker asOfNow(Leases.Taker taker) {
        UUID id = taker.subscription().id();
        Subscription known = subscriptions.directory().index().find(id);
        return new Leases.Taker(
                known == null ? subscriptions.get(id.toString()) : known, taker.principal());
    }

    /**
     * Leases deliveries, but only once there is memory to answer with and a client to answer: they
     * would be leased in vain.
     */
    private List<Delivery> take(
            Call call, Leases.Waiter waiter, Leases.Taker taker, LeaseStore.Most most)
            throws InterruptedException {
        long patience = System.nanoTime() + PATIENCE.toNanos();
        while (!call.holdAnswer(IN_MEMORY * MAX_BYTES)) {
            if (patience - System.nanoTime() < 0) {
                throw OVERLOADED.asException();
            }
            waiter.await(PAUSE);
        }
        if (call.isAbandoned()) {
            return List.of();
        }
        if (!call.isStillKnown()) {
            throw REVOKED.asException();
        }
        List<Delivery> found = leases.take(taker, most);
        long bytes = IN_MEMORY * Delivery.bytes(found);
        if (!call.holdAnswer((int) Math.min(bytes, Integer.MAX_VALUE))) {
            List<Lease> unread = found.stream().map(Lease::of).toList();
            leases.release(taker.subscription().id(), unread, null);
            throw OVERLOADED.asException();
        }
        return found;
    }

    private Reply ack(Call call) {
        Subscription subscription = taken(call, subscriptions);
        Input body = call.input();
        List<Long> ids = ids(body);
        body.check();
        return Reply.ok(Map.of("acked", leases.ack(subscription, ids)));
    }

    private Reply nack(Call call) {
        Subscription subscription = taken(call, subscriptions);
        Input body = call.input();
        List<Long> ids = ids(body);
        Long delay = body.optionalInteger("delay", 0, MAX_DELAY);
        body.check();
        return Reply.ok(
                leases.nack(subscription, ids, delay == null ? null : Duration.ofSeconds(delay)));
    }

    /**
     * The subscription that the caller takes deliveries of.
     *
     * @throws dev.jubilee.server.http.ProblemException if the caller may not, or its method is not
     *     sse
     */
    public static Subscription taken(Call call, Subscriptions subscriptions) {
        Subscription subscription =
                subscriptions.getOwned(call.principal(), call.path("subscription_id"));
        if (subscription.method() != DeliveryMethod.SSE) {
            throw Problem.conflict(
                            "subscription_not_taken",
                            "Subscriptions of the method sse are streamed and pulled; this one has"
                                    + " the method "
                                    + subscription.method().text()
                                    + ".")
                    .asException();
        }
        return subscription;
    }

    private static List<Long> ids(Input body) {
        List<Long> ids = new ArrayList<>();
        if (!body.has("delivery_ids")) {
            body.reject("delivery_ids", "is required");
        }
        for (String text : body.texts("delivery_ids", MAX_IDS, 18)) {
            if (text.matches("[0-9]{1,18}")) {
                ids.add(Long.parseLong(text));
            } else {
                body.reject("delivery_ids[" + ids.size() + "]", "must be the id of a delivery");
            }
        }
        return ids;
    }
}
