package dev.jubilee.server.outbox;

/** The bus will never take this event: trying again does not help. */
public final class EventRefused extends RuntimeException {
    public EventRefused(String reason, Throwable cause) {
        super(reason, cause);
    }
}
