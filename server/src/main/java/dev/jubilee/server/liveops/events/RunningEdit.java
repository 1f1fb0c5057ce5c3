package dev.jubilee.server.liveops.events;

import dev.jubilee.server.http.Problem;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The edits that a running event allows: none of what players already count on. */
final class RunningEdit {
    private RunningEdit() {}

    /**
     * Lets an edit pass.
     *
     * @throws dev.jubilee.server.http.ProblemException 409 naming what must stay
     */
    static void check(LiveEvent before, LiveEvent after, Instant now) {
        List<String> fixed = fixed(before, after, now);
        if (!fixed.isEmpty()) {
            throw Problem.conflict(
                            "event_running",
                            "While an event runs, its name, description and category, a later"
                                    + " end_time and a greater max_participants may change; not "
                                    + String.join(", ", fixed)
                                    + ".")
                    .asException();
        }
    }

    /**
     * Lets an edit pass that ends an event: it may bring the event's other fields, as they are.
     *
     * @throws dev.jubilee.server.http.ProblemException 409 naming what it would change
     */
    static void checkThatOnlyTheStatusChanges(LiveEvent before, LiveEvent after) {
        List<String> others = new ArrayList<>();
        note(others, "name", before.name(), after.name());
        note(others, "description", before.description(), after.description());
        note(others, "event_type", before.eventType(), after.eventType());
        note(others, "category", before.category(), after.category());
        note(others, "start_time", before.window().start(), after.window().start());
        note(others, "end_time", before.window().end(), after.window().end());
        note(others, "max_participants", before.maxParticipants(), after.maxParticipants());
        noteJson(
                others,
                "requirements",
                before.config().requirements(),
                after.config().requirements());
        noteJson(others, "settings", before.config().settings(), after.config().settings());
        noteJson(others, "rewards", before.config().rewards(), after.config().rewards());
        if (!others.isEmpty()) {
            throw Problem.conflict(
                            "event_ends",
                            "Who ends an event changes its status alone; not "
                                    + String.join(", ", others)
                                    + ".")
                    .asException();
        }
    }

    private static void note(
            List<String> changed, String field, @Nullable Object before, @Nullable Object after) {
        if (!Objects.equals(before, after)) {
            changed.add(field);
        }
    }

    private static void noteJson(
            List<String> changed, String field, JsonNode before, JsonNode after) {
        if (!isSame(before, after)) {
            changed.add(field);
        }
    }

    /** 100 and 100.0 are the same, as they are to those who send back what they were told. */
    private static boolean isSame(JsonNode one, JsonNode other) {
        return one.equals(
                (a, b) ->
                        a.isNumber() && b.isNumber()
                                ? a.decimalValue().compareTo(b.decimalValue())
                                : a.equals(b) ? 0 : 1,
                other);
    }

    private static List<String> fixed(LiveEvent before, LiveEvent after, Instant now) {
        List<String> fixed = new ArrayList<>();
        if (!after.eventType().equals(before.eventType())) {
            fixed.add("event_type");
        }
        if (!after.window().start().equals(before.window().start())) {
            fixed.add("start_time");
        }
        Instant end = after.window().end();
        Instant planned = before.window().end();
        boolean sooner =
                end != null && (planned == null ? !end.isAfter(now) : end.isBefore(planned));
        if (sooner) {
            fixed.add("an earlier end_time");
        }
        if (after.maxParticipants() < before.maxParticipants()) {
            fixed.add("a smaller max_participants");
        }
        if (!isSame(after.config().requirements(), before.config().requirements())) {
            fixed.add("requirements");
        }
        if (!isSame(after.config().settings(), before.config().settings())) {
            fixed.add("settings");
        }
        if (!isSame(after.config().rewards(), before.config().rewards())) {
            fixed.add("rewards");
        }
        return fixed;
    }
}
