package dev.jubilee.server.bus.delivery;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventId;
import dev.jubilee.events.TopicName;
import dev.jubilee.events.json.CloudEventsJson;
import dev.jubilee.server.bus.filters.EventFilter;
import dev.jubilee.server.bus.subscriptions.Selection;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.subscriptions.SubscriptionRoutes;
import dev.jubilee.server.bus.subscriptions.Subscriptions;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Input;
import dev.jubilee.server.http.Page;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.http.client.Outcome;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.security.Access;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The HTTP face of deliveries: what came of them, and a sample on request. */
final class DeliveryRoutes implements Routes {
    private static final String SAMPLE = "system.test";

    private final Database database;
    private final Subscriptions subscriptions;
    private final Sender sender;
    private final InstantSource clock;
    private final EventId ids;
    private final CloudEventsJson json;

    DeliveryRoutes(
            Database database, Subscriptions subscriptions, Sender sender, InstantSource clock) {
        this.database = database;
        this.subscriptions = subscriptions;
        this.sender = sender;
        this.clock = clock;
        this.ids = new EventId(clock);
        this.json = new CloudEventsJson(clock);
    }

    @Override
    public void on(Router router) {
        router.get("/subscriptions/{subscription_id}/deliveries", Access.PLAYER, this::list)
                .query("limit", "cursor")
                .post("/subscriptions/{subscription_id}/test", Access.PLAYER, this::test);
    }

    private Reply list(Call call) {
        SubscriptionRoutes.mustBeStaff(call);
        UUID subscription =
                subscriptions.getOwned(call.principal(), call.path("subscription_id")).id();
        int limit = Page.of(call).limit();
        UUID before = DeadLetterRoutes.cursor(call);
        return database.read(connection -> {
            List<AttemptReads.View> found =
                    AttemptReads.ofSubscription(connection, subscription, before, limit + 1);
            List<AttemptReads.View> shown = found.subList(0, Math.min(limit, found.size()));
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put("deliveries", shown);
            if (found.size() > limit) {
                answer.put("next_cursor", shown.getLast().id());
            }
            return Reply.ok(answer);
        });
    }

    private Reply test(Call call) {
        SubscriptionRoutes.mustBeStaff(call);
        Subscription subscription =
                subscriptions.getOwned(call.principal(), call.path("subscription_id"));
        if (!subscription.isSent()) {
            throw Problem.conflict(
                            "subscription_not_a_webhook",
                            "A sample can be sent to webhooks and brokers; this one has the method "
                                    + subscription.method().text()
                                    + ".")
                    .asException();
        }
        Input body = call.optionalInput();
        String topic = orElse(body.optionalText("topic", TopicName.MAX_LENGTH), SAMPLE);
        String type = orElse(body.optionalText("event_type", 100), SAMPLE);
        String key = body.optionalText("key", 255);
        JsonNode data = body.optionalValue("data");
        body.check();
        Instant now = clock.instant();
        Envelope event =
                Envelope.of(ids.next().toString(), type, "/jubilee/test", now)
                        .partitionKey(key)
                        .acceptedAt(now)
                        .json(Json.bytes(data == null ? Map.of("test", true) : data))
                        .build();
        Delivery sample =
                new Delivery(
                        subscription.id(),
                        0,
                        event.id(),
                        type,
                        topic,
                        key,
                        Delivery.rank(event.priority()),
                        json.write(event),
                        0,
                        now,
                        now);
        Outcome outcome =
                sender.send(subscription, Shipment.of(sample, subscription.batching().enabled()))
                        .join();
        return Reply.ok(answer(outcome, Selection.mismatches(subscription, topic, event)));
    }

    private static Map<String, Object> answer(
            Outcome outcome, List<EventFilter.Mismatch> mismatches) {
        Map<String, Object> answer = new LinkedHashMap<>();
        double took = 0;
        boolean delivered = false;
        switch (outcome) {
            case Outcome.Answered answered -> {
                delivered = answered.status() >= 200 && answered.status() < 300;
                took = answered.took().toNanos() / 1e6;
                answer.put("status_code", answered.status());
                answer.put("response", answered.body());
            }
            case Outcome.Kept kept -> {
                delivered = true;
                took = kept.took().toNanos() / 1e6;
                answer.put("response", kept.answer());
            }
            case Outcome.Failed failed -> {
                took = failed.took().toNanos() / 1e6;
                answer.put("error", failed.reason());
            }
            case Outcome.Unsent unsent -> {
                took = unsent.took().toNanos() / 1e6;
                answer.put("error", unsent.reason());
            }
            case Outcome.Refused refused -> answer.put("error", refused.reason());
            case Outcome.Broken broken -> answer.put("error", broken.reason());
        }
        answer.put("delivered", delivered);
        answer.put("selected", mismatches.isEmpty());
        answer.put("mismatches", mismatches);
        answer.put("duration_ms", took);
        return answer;
    }

    private static String orElse(@Nullable String text, String otherwise) {
        return text == null ? otherwise : text;
    }
}
