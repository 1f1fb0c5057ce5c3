package dev.jubilee.events;

import java.time.Duration;

/**
 * Which events to sum up.
 *
 * @param types by their type
 * @param window from now back; a tracker may know less far back, and says in its documentation
 */
public record EventStatsFilter(TopicPattern types, Duration window) {
    /** Everything within the window. */
    public static EventStatsFilter last(Duration window) {
        return new EventStatsFilter(TopicPattern.of("#"), window);
    }

    /** Of these types only. */
    public EventStatsFilter of(String pattern) {
        return new EventStatsFilter(TopicPattern.of(pattern), window);
    }
}
