package dev.jubilee.server.bus.filters;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A filter over events in the language of <a
 * href="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html">EventBridge
 * patterns</a>: every field named must match; its list holds what is allowed, and any entry will
 * do. An entry is a value, or one of {@code prefix}, {@code suffix}, {@code equals-ignore-case},
 * {@code wildcard}, {@code cidr}, {@code numeric}, {@code anything-but} and {@code exists}; {@code
 * $or} lists alternatives. A single value stands for a list of one. Where the event has a list, one
 * matching element is enough; where it has a list of objects, one object must match alone.
 *
 * <p>Immutable and thread-safe.
 */
public final class EventFilter {
    /** What one field was expected to be, and what it was; null when it is not there. */
    public record Mismatch(String field, String expected, @Nullable JsonNode actual) {}

    private final Pattern pattern;

    private EventFilter(Pattern pattern) {
        this.pattern = pattern;
    }

    /**
     * Compiles a filter.
     *
     * @throws InvalidFilterException with every fault and where it is
     */
    public static EventFilter of(JsonNode json) {
        return new EventFilter(PatternReader.read(json));
    }

    /** Whether the event passes. See {@link FilterEvent} for the fields it has. */
    public boolean matches(JsonNode event) {
        return pattern.matches(event);
    }

    /** Why the event does not pass; empty when it does. */
    public List<Mismatch> explain(JsonNode event) {
        List<Mismatch> mismatches = new ArrayList<>();
        pattern.explain("", event, mismatches);
        return mismatches;
    }

    /** The conditions that can be looked up: fields of which each test names what it wants. */
    List<Anchor> anchors() {
        List<Anchor> anchors = new ArrayList<>();
        collect(pattern, List.of(), anchors);
        return anchors;
    }

    /** A field, as its path, and the tests of which its value must pass one. */
    record Anchor(List<String> path, List<ValueTest> tests) {}

    private static void collect(Pattern pattern, List<String> path, List<Anchor> into) {
        switch (pattern) {
            case Pattern.AllOf all -> {
                for (Pattern.Field field : all.fields()) {
                    List<String> below = new ArrayList<>(path);
                    below.add(field.name());
                    collect(field.pattern(), List.copyOf(below), into);
                }
            }
            case Pattern.Both both -> collect(both.fields(), path, into);
            case Pattern.AnyOf _ -> {
                // No single field of it must hold.
            }
            case Pattern.Leaf leaf -> {
                if (leaf.tests().stream().allMatch(Wants::canHold)) {
                    into.add(new Anchor(path, leaf.tests()));
                }
            }
        }
    }
}
