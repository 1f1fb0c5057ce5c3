package dev.jubilee.server.liveops.occurrences;

import java.util.regex.Pattern;

/** What may name a metric of progress: an identifier in lower case, as conditions can read it. */
public final class MetricName {
    private static final Pattern SHAPE = Pattern.compile("[a-z_][a-z0-9_]{0,63}");

    private MetricName() {}

    /** Whether the text can be a metric's name. */
    public static boolean isOne(String text) {
        return SHAPE.matcher(text).matches();
    }
}
