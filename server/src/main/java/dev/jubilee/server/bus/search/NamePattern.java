package dev.jubilee.server.bus.search;

import dev.jubilee.events.TopicPattern;

/** The pattern language of topics and event types, for PostgreSQL. */
public final class NamePattern {
    private NamePattern() {}

    /**
     * A regular expression that finds what the pattern selects.
     *
     * @throws IllegalArgumentException if it is no pattern
     */
    public static String regex(String pattern) {
        String[] segments = TopicPattern.of(pattern).toString().split("\\.", -1);
        StringBuilder regex = new StringBuilder("^");
        boolean first = true;
        for (int i = 0; i < segments.length; i++) {
            boolean last = i == segments.length - 1;
            if (segments[i].equals("#")) {
                regex.append(first ? last ? ".*" : "([^.]+\\.)*" : "(\\.[^.]+)*");
                continue;
            }
            if (!first) {
                regex.append("\\.");
            }
            if (segments[i].equals("*")) {
                regex.append(last ? "[^.]+(\\.[^.]+)*" : "[^.]+");
            } else {
                regex.append(segments[i]);
            }
            first = false;
        }
        return regex.append('$').toString();
    }
}
