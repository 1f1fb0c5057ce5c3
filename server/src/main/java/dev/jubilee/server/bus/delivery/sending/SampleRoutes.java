package dev.jubilee.server.bus.delivery.sending;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventId;
import dev.jubilee.events.TopicName;
import dev.jubilee.events.json.CloudEventsJson;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.filters.EventFilter;
import dev.jubilee.server.bus.subscriptions.Selection;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.subscriptions.Subscriptions;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Input;
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
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The HTTP face of samples: one event that is sent on request, and kept nowhere. */
public final class SampleRoutes implements Routes {
    private static final String SAMPLE = "system.test";

    private final Subscriptions subscriptions;
    private final Sender sender;
    private final InstantSource clock;
    private final EventId ids;
    private final CloudEventsJson json;

    public SampleRoutes(Subscriptions subscriptions, Sender sender, InstantSource clock) {
        this.subscriptions = subscriptions;
        this.sender = sender;
        this.clock = clock;
        this.ids = new EventId(clock);
        this.json = new CloudEventsJson(clock);
    }

    @Override
    public void on(Router router) {
        router.post("/subscriptions/{subscription_id}/test", Access.STAFF, this::test);
    }

    private Reply test(Call call) {
        Subscription subscription =
                subscriptions.getOwned(call.principal(), call.path("subscription_id"));
        if (!subscription.isDispatched()) {
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
