package dev.jubilee.server.bus.topics;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What a caller may do with a topic. */
public enum TopicAction {
    /** Send events to it, by a replay as well. */
    PUBLISH,
    /** Have its events delivered. */
    SUBSCRIBE,
    /** Search, trace and replay what it held. */
    READ;

    /** As it is written in grants. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    static TopicAction of(String text) {
        return valueOf(text.toUpperCase(Locale.ROOT));
    }

    static List<String> texts() {
        return Arrays.stream(values()).map(TopicAction::text).toList();
    }
}
