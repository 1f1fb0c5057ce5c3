package dev.jubilee.server.bus.delivery.streams;

import dev.jubilee.server.bus.delivery.leases.LeaseRoutes;
import dev.jubilee.server.bus.delivery.leases.Leases;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.subscriptions.Subscriptions;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.security.Access;
import java.security.SecureRandom;
import org.jspecify.annotations.Nullable;

/** The HTTP face of streams. */
public final class StreamRoutes implements Routes {
    private final Subscriptions subscriptions;
    private final Leases leases;
    private final OpenStreams streams;
    private final ReturningClients returning;
    private final SecureRandom random = new SecureRandom();

    public StreamRoutes(
            Subscriptions subscriptions,
            Leases leases,
            OpenStreams streams,
            ReturningClients returning) {
        this.subscriptions = subscriptions;
        this.leases = leases;
        this.streams = streams;
        this.returning = returning;
    }

    @Override
    public void on(Router router) {
        router.get("/subscriptions/{subscription_id}/stream", Access.STAFF, this::stream);
    }

    private Reply stream(Call call) throws InterruptedException {
        Subscription subscription = LeaseRoutes.taken(call, subscriptions);
        if (call.isHead()) {
            // What is written to it goes nowhere, and would count as sent.
            return Reply.empty(200, "text/event-stream");
        }
        StreamEventId last = lastEvent(call);
        if (last != null && !subscription.requiresAck()) {
            returning.returned(subscription.id(), last);
        }
        Unconfirmed unconfirmed = new Unconfirmed(random.nextLong());
        new StreamWriter(subscriptions, leases, streams, subscription, call, unconfirmed)
                .run(call.stream());
        return Reply.noContent();
    }

    private static @Nullable StreamEventId lastEvent(Call call) {
        String text = call.header("Last-Event-ID");
        if (text == null) {
            return null;
        }
        StreamEventId last = StreamEventId.parse(text);
        if (last == null) {
            throw Problem.invalid("Last-Event-ID", "must be the id of an event of the stream")
                    .asException();
        }
        return last;
    }
}
