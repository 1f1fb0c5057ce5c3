package dev.jubilee.events;

/** Another writer was faster; nothing was written. Read anew and try again. */
public class ConflictException extends RuntimeException {
    public ConflictException(String message) {
        super(message);
    }

    public ConflictException(String message, Throwable cause) {
        super(message, cause);
    }
}
