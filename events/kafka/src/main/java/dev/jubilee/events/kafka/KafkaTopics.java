package dev.jubilee.events.kafka;

import dev.jubilee.events.TopicName;
import dev.jubilee.events.TopicPattern;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Which topic carries which types of events. A subscription reads every topic and picks out what
 * its pattern selects, so a topic for each type is not needed; topics separate what differs in
 * volume, retention or rights. Immutable.
 */
public final class KafkaTopics {
    private final List<Route> routes;
    private final String otherwise;

    private record Route(TopicPattern types, String topic) {}

    private KafkaTopics(List<Route> routes, String otherwise) {
        this.routes = List.copyOf(routes);
        this.otherwise = TopicName.require(otherwise);
    }

    /** One topic for all types. */
    public static KafkaTopics one(String topic) {
        return new KafkaTopics(List.of(), topic);
    }

    /** As before, but the types that the pattern selects go to this topic; the first route wins. */
    public KafkaTopics route(String types, String topic) {
        List<Route> more = new ArrayList<>(routes);
        more.add(new Route(TopicPattern.of(types), TopicName.require(topic)));
        return new KafkaTopics(more, otherwise);
    }

    /** The topic of a type. */
    public String topicOf(String type) {
        for (Route route : routes) {
            if (route.types.matches(type)) {
                return route.topic;
            }
        }
        return otherwise;
    }

    /** All of them. */
    public Set<String> names() {
        Set<String> names = new LinkedHashSet<>();
        routes.forEach(route -> names.add(route.topic));
        names.add(otherwise);
        return names;
    }
}
