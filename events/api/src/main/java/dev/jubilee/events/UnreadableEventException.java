package dev.jubilee.events;

/**
 * An event that came, but cannot be read as what its type says: trying again leads to nothing. A
 * newer program, or an upcaster, may be able to read it later.
 */
public final class UnreadableEventException extends RuntimeException {
    public UnreadableEventException(String message) {
        super(message);
    }

    public UnreadableEventException(String message, Throwable cause) {
        super(message, cause);
    }
}
