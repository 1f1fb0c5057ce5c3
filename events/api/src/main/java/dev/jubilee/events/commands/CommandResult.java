package dev.jubilee.events.commands;

import java.util.List;

/** What came of a command. */
public sealed interface CommandResult {
    /**
     * It was carried out.
     *
     * @param attempts more than one if others were faster
     */
    record Done(int attempts) implements CommandResult {}

    /** It was not begun, because of these problems. */
    record Invalid(List<String> problems) implements CommandResult {
        public Invalid {
            problems = List.copyOf(problems);
        }
    }

    /** Others were faster every time; nothing was done. Later it may succeed. */
    record Conflict(int attempts) implements CommandResult {}
}
