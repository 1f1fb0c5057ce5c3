package dev.jubilee.server.liveops.rules;

import dev.jubilee.events.TopicPattern;
import dev.jubilee.server.conditions.Expression.Condition;
import dev.jubilee.server.conditions.Expression.Formula;
import org.jspecify.annotations.Nullable;

/**
 * Which bus events count towards a metric, and how much.
 *
 * @param metric the name under which conditions see it
 * @param on the event types that count
 * @param when a further condition; null counts every such event
 * @param value what is added or compared; a formula without a value for an event does not count
 *     that event
 */
public record ProgressRule(
        String metric,
        TopicPattern on,
        @Nullable Condition when,
        Operation operation,
        Formula value) {
    /** What is done with the value. */
    public enum Operation {
        ADD,
        MIN,
        MAX,
        LAST
    }
}
