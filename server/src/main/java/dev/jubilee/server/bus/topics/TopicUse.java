package dev.jubilee.server.bus.topics;

import java.util.List;

/** Something that a topic's deletion would take the ground from, such as subscriptions. */
@FunctionalInterface
public interface TopicUse {
    /**
     * Who uses the topic, each in words that finish "it is used by": {@code subscription
     * "mail-service"}; empty when nobody does. May block.
     */
    List<String> of(Topic topic);
}
