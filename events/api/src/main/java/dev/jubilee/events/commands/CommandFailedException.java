package dev.jubilee.events.commands;

/** The handler of a command failed; the cause says how. */
public final class CommandFailedException extends RuntimeException {
    public CommandFailedException(String message, Throwable cause) {
        super(message, cause);
    }
}
