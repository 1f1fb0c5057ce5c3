package dev.jubilee.server.cli;

import org.jspecify.annotations.Nullable;

/** Says what went wrong in the one line that an operator reads first. */
final class Failures {
    private Failures() {}

    static String oneLine(Throwable failure) {
        @Nullable String message = failure.getMessage();
        String said = message == null || message.isBlank() ? failure.toString() : message;
        return said.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
