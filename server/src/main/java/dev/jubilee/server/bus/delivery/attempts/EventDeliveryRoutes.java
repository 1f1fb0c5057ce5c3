package dev.jubilee.server.bus.delivery.attempts;

import dev.jubilee.server.bus.search.StoredEvent;
import dev.jubilee.server.bus.search.StoredEvents;
import dev.jubilee.server.bus.store.EventStore;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.subscriptions.SubscriptionDirectory;
import dev.jubilee.server.bus.subscriptions.Subscriptions;
import dev.jubilee.server.bus.topics.TopicAction;
import dev.jubilee.server.bus.topics.TopicCatalogue;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Page;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.security.Access;
import dev.jubilee.server.security.Principal;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * The HTTP face of an event's deliveries, for callers that may see the event. What an endpoint
 * answered is shown to those whose subscription it is, operators and admins.
 */
public final class EventDeliveryRoutes implements Routes {
    private final Database database;
    private final EventStore store;
    private final StoredEvents events;
    private final TopicCatalogue topics;
    private final SubscriptionDirectory subscriptions;

    public EventDeliveryRoutes(
            Database database,
            EventStore store,
            TopicCatalogue topics,
            SubscriptionDirectory subscriptions) {
        this.database = database;
        this.store = store;
        this.events = new StoredEvents(database);
        this.topics = topics;
        this.subscriptions = subscriptions;
    }

    @Override
    public void on(Router router) {
        router.get("/events/{event_id}/deliveries", Access.STAFF, this::ofEvent).query("cursor");
    }

    private Reply ofEvent(Call call) {
        String id = call.path("event_id");
        UUID after = Page.cursor(call);
        mustSee(call, id);
        AttemptReads.Part part = database.read(c -> AttemptReads.ofEvent(c, id, after));
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("event_id", id);
        answer.put(
                "deliveries",
                part.standings().stream().map(one -> seen(call.principal(), one)).toList());
        if (part.next() != null) {
            answer.put("next_cursor", part.next().toString());
        }
        return Reply.ok(answer);
    }

    private AttemptReads.Standing seen(Principal who, AttemptReads.Standing one) {
        Subscription it = subscriptions.index().find(UUID.fromString(one.subscriptionId()));
        return Subscriptions.isOthers(who, it) ? one.withoutAnswers() : one;
    }

    /** Answers 404 unless the caller may see the event: what an endpoint answered tells of it. */
    private void mustSee(Call call, String id) {
        Optional<StoredEvent> event = store.await(() -> Optional.ofNullable(events.find(id)));
        if (event.isEmpty()
                || topics.closedTo(call.principal(), TopicAction.READ)
                        .contains(event.get().topic())) {
            throw Problem.notFound("event", id).asException();
        }
    }
}
