package dev.jubilee.server.bus.publish;

import dev.jubilee.events.Envelope;
import dev.jubilee.server.bus.topics.PayloadSchema;
import dev.jubilee.server.bus.topics.Topic;
import dev.jubilee.server.bus.topics.TopicAction;
import dev.jubilee.server.bus.topics.TopicCatalogue;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Problem.FieldError;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides which events a topic lets in. An open topic, as most are, lets everything in after a
 * single question; see {@link #isOpen}. Thread-safe.
 */
final class PublishGate {
    private final TopicCatalogue topics;

    PublishGate(TopicCatalogue topics) {
        this.topics = topics;
    }

    /** Whether nothing else needs to be asked. */
    static boolean isOpen(Topic topic, Principal who) {
        return topic.isOpen() && who.role() != Role.PLAYER;
    }

    /** Why the topic takes nothing of the caller at present; null when it does. Never blocks. */
    @Nullable Problem refusal(Topic topic, Principal who) {
        if (!topics.allows(who, topic, TopicAction.PUBLISH)) {
            return Problem.forbidden(
                    topic.isSystemTopic()
                            ? "Only admins publish to the system topic \"" + topic.name() + "\"."
                            : "The caller may not publish to \"" + topic.name() + "\".");
        }
        if (!topic.isActive()) {
            return Problem.conflict(
                    "topic_paused",
                    "The topic \"" + topic.name() + "\" is paused; nothing was published.");
        }
        return null;
    }

    /** Whether payloads have to be looked into, which takes time in proportion to their size. */
    boolean looksInside(Topic topic) {
        return topic.schema() != null;
    }

    /** The fault that the topic's schema finds in the event; null when it fits. */
    @Nullable Problem fault(Topic topic, Envelope event) {
        PayloadSchema schema = topics.schemaOf(topic);
        if (schema == null) {
            return null;
        }
        List<FieldError> faults = schema.faults(event.data());
        return faults.isEmpty() ? null : Problem.invalid(faults);
    }
}
