package dev.jubilee.server.liveops.events;

import dev.jubilee.server.http.Problem;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** What may change of an event that runs: nothing that players already count on. */
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
        if (!after.config().requirements().equals(before.config().requirements())) {
            fixed.add("requirements");
        }
        if (!after.config().settings().equals(before.config().settings())) {
            fixed.add("settings");
        }
        if (!after.config().rewards().equals(before.config().rewards())) {
            fixed.add("rewards");
        }
        return fixed;
    }
}
