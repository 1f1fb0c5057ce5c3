package dev.jubilee.server.conditions;

/** What an expression may speak of. */
public enum Variable {
    /**
     * The bus event: {@code type}, {@code source}, {@code topic}, {@code time}, {@code player_id}.
     */
    EVENT,
    /** The event's payload. */
    DATA,
    /** The player: {@code id}, {@code level}, {@code segment}, {@code attributes}. */
    PLAYER,
    /** The metrics of this participation; one that was never set is 0. */
    PROGRESS
}
