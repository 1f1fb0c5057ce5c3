package dev.jubilee.bench;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as people type them: {@code 10s}, {@code 1m}, {@code 30}. */
final class Durations {
    private static final Pattern FORM = Pattern.compile("(\\d{1,5})([sm]?)");

    private Durations() {}

    static Duration parse(String text) {
        Matcher matcher = FORM.matcher(text.strip());
        if (!matcher.matches() || Integer.parseInt(matcher.group(1)) == 0) {
            throw new BenchException("--duration takes something like 10s or 1m, was " + text);
        }
        long number = Long.parseLong(matcher.group(1));
        return matcher.group(2).equals("m")
                ? Duration.ofMinutes(number)
                : Duration.ofSeconds(number);
    }
}
