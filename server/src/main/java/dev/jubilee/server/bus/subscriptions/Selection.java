package dev.jubilee.server.bus.subscriptions;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.TopicPattern;
import dev.jubilee.server.bus.filters.EventFilter;
import dev.jubilee.server.bus.filters.FilterEvent;
import dev.jubilee.server.json.Json;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.node.JsonNodeFactory;

/** Why a subscription does not select an event. */
public final class Selection {
    private Selection() {}

    /** Everything that keeps the event from it; empty when it is for it. */
    public static List<EventFilter.Mismatch> mismatches(
            Subscription subscription, String topic, Envelope event) {
        List<EventFilter.Mismatch> found = new ArrayList<>();
        JsonNodeFactory json = JsonNodeFactory.instance;
        if (!TopicPattern.of(subscription.topicPattern()).matches(topic)) {
            found.add(
                    new EventFilter.Mismatch(
                            "topic", subscription.topicPattern(), json.stringNode(topic)));
        }
        List<String> types = subscription.eventTypes();
        boolean wanted =
                types.isEmpty()
                        || types.stream().anyMatch(t -> TopicPattern.of(t).matches(event.type()));
        if (!wanted) {
            found.add(
                    new EventFilter.Mismatch(
                            "event_type",
                            String.join(", or ", types),
                            json.stringNode(event.type())));
        }
        if (subscription.filter() != null) {
            found.addAll(
                    EventFilter.of(Json.tree(subscription.filter()))
                            .explain(FilterEvent.of(topic, event)));
        }
        return found;
    }
}
