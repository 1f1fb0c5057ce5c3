package dev.jubilee.events.commands;

import java.util.List;

/** Carries out commands of one type. Called from any thread, again after a conflict. */
@FunctionalInterface
public interface CommandHandler<P> {
    /**
     * Does what is wanted. After a {@link dev.jubilee.events.ConflictException} it is called again:
     * it must read anew what it decides by. What it publishes or stores it makes with {@link
     * dev.jubilee.events.EventFactory#causedBy}, by which it belongs to the command.
     */
    void handle(Command<P> command) throws Exception;

    /** What is wrong with the command in itself, each in words; none if it may be carried out. */
    default List<String> validate(Command<P> command) {
        return List.of();
    }
}
