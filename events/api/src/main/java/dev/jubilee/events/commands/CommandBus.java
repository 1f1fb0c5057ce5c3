package dev.jubilee.events.commands;

/** Finds the one handler of a command and has it carried out. Thread-safe. */
public interface CommandBus {
    /**
     * Has the command carried out, in the caller's thread.
     *
     * @throws IllegalArgumentException if no handler is registered for its type, or its payload is
     *     of another class than the handler's
     * @throws CommandFailedException if the handler failed with anything but a conflict; its
     *     failure is the cause
     */
    CommandResult dispatch(Command<?> command);

    /**
     * Registers the handler of a type.
     *
     * @throws IllegalArgumentException if the type has one
     */
    <P> void register(String commandType, Class<P> payload, CommandHandler<P> handler);
}
