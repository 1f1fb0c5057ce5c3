package dev.jubilee.events.commands;

/**
 * Stands around every command, once, retries and validation inside: for logs, authorisation,
 * metrics. Called from any thread.
 */
@FunctionalInterface
public interface CommandMiddleware {
    /** What stands further inside, the handler last. */
    @FunctionalInterface
    interface Next {
        CommandResult dispatch(Command<?> command) throws Exception;
    }

    /** Hands the command on and gives the result back, or does either differently. */
    CommandResult dispatch(Command<?> command, Next next) throws Exception;
}
