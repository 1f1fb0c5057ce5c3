package dev.jubilee.server.bus.publish;

import dev.jubilee.server.http.Problem;
import org.jspecify.annotations.Nullable;

/**
 * The answer to one event of a request, except where it went: kept while Kafka's acknowledgement is
 * awaited, when the event itself no longer is.
 *
 * @param eventId null when it was not readable
 * @param topic null when it was not readable
 * @param refusal null when it was sent
 */
record Receipt(@Nullable String eventId, @Nullable String topic, @Nullable Problem refusal) {
    static Receipt of(Publisher.Accepted accepted) {
        return new Receipt(accepted.event().id(), accepted.topic(), null);
    }

    static Receipt of(ParsedItem item) {
        return switch (item) {
            case ParsedItem.Fit(Publisher.Accepted accepted) -> of(accepted);
            case ParsedItem.Refused(String eventId, String topic, Problem problem) ->
                    new Receipt(eventId, topic, problem);
        };
    }
}
