package dev.jubilee.events;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Selects dotted names, of topics or of event types. A pattern is segments joined by dots; a
 * segment is literal text, or:
 *
 * <ul>
 *   <li>{@code *} exactly one segment; as the last segment, one or more
 *   <li>{@code #} any number of segments, also none, anywhere
 * </ul>
 *
 * <p>So {@code game.*} selects {@code game.match} and {@code game.match.end}; {@code game.*.end}
 * selects {@code game.match.end} alone; {@code #.end} also selects {@code end}. Compiled once;
 * matching allocates nothing. Immutable and thread-safe.
 */
public final class TopicPattern {
    private static final String ONE = "*";
    private static final String ANY = "#";

    private final String text;

    /** Literals, {@link #ONE} and {@link #ANY}; those two are compared by identity. */
    private final String[] segments;

    private final boolean literal;

    private TopicPattern(String text, String[] segments, boolean literal) {
        this.text = text;
        this.segments = segments;
        this.literal = literal;
    }

    /**
     * Compiles a pattern.
     *
     * @throws IllegalArgumentException if it is none, saying what was given and what is allowed
     */
    public static TopicPattern of(String pattern) {
        if (pattern.length() > TopicName.MAX_LENGTH) {
            throw invalid(pattern, "it has " + pattern.length() + " characters");
        }
        List<String> segments = new ArrayList<>();
        boolean literal = true;
        int start = 0;
        while (start <= pattern.length()) {
            int end = endOfSegment(pattern, start);
            String segment = segment(pattern, pattern.substring(start, end));
            literal &= !isWild(segment);
            segments.add(segment);
            start = end + 1;
        }
        if (isSame(segments.getLast(), ONE)) {
            segments.add(ANY);
        }
        return new TopicPattern(pattern, segments.toArray(String[]::new), literal);
    }

    /** Whether the pattern selects this name. */
    public boolean matches(String name) {
        if (literal) {
            return text.equals(name);
        }
        // The classic wildcard walk, on segments: on a mismatch, let the last '#' take one more.
        int segment = 0;
        int at = 0;
        int lastAny = -1;
        int resumeAt = 0;
        while (at <= name.length()) {
            int end = endOfSegment(name, at);
            String wanted = segment < segments.length ? segments[segment] : null;
            if (isSame(wanted, ANY)) {
                lastAny = segment++;
                resumeAt = at;
            } else if (wanted != null && takes(wanted, name, at, end)) {
                segment++;
                at = end + 1;
            } else if (lastAny >= 0) {
                segment = lastAny + 1;
                resumeAt = endOfSegment(name, resumeAt) + 1;
                at = resumeAt;
            } else {
                return false;
            }
        }
        while (segment < segments.length && isSame(segments[segment], ANY)) {
            segment++;
        }
        return segment == segments.length;
    }

    /** Whether the pattern selects exactly one name: the pattern itself. */
    public boolean isLiteral() {
        return literal;
    }

    /** The pattern as it was written. */
    @Override
    public String toString() {
        return text;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof TopicPattern that && text.equals(that.text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    private static boolean takes(String wanted, String name, int from, int to) {
        return isSame(wanted, ONE)
                || (wanted.length() == to - from && name.startsWith(wanted, from));
    }

    private static int endOfSegment(String name, int from) {
        int dot = name.indexOf('.', from);
        return dot < 0 ? name.length() : dot;
    }

    private static String segment(String pattern, String segment) {
        if (segment.equals(ONE)) {
            return ONE;
        }
        if (segment.equals(ANY)) {
            return ANY;
        }
        if (segment.isEmpty()) {
            throw invalid(pattern, "it has an empty segment");
        }
        for (int i = 0; i < segment.length(); i++) {
            if (!TopicName.isSegmentCharacter(segment.charAt(i))) {
                throw invalid(pattern, "its segment '" + segment + "' is neither");
            }
        }
        return segment;
    }

    private static boolean isWild(String segment) {
        return isSame(segment, ONE) || isSame(segment, ANY);
    }

    @SuppressWarnings({"ReferenceEquality", "StringEquality"}) // both are interned constants
    private static boolean isSame(@Nullable String segment, String wildcard) {
        return segment == wildcard;
    }

    private static IllegalArgumentException invalid(String pattern, String why) {
        return new IllegalArgumentException(
                "a pattern is segments joined by dots, each of a-z, 0-9, '_' and '-', or '*' (one"
                        + " segment; as the last, one or more), or '#' (any number), of at most "
                        + TopicName.MAX_LENGTH
                        + " characters; was '"
                        + pattern
                        + "': "
                        + why);
    }
}
