package dev.jubilee.bench.client;

/** The platform cannot be reached, or did not do what a tool needs to go on. */
public final class PlatformException extends RuntimeException {
    public PlatformException(String message) {
        super(message);
    }

    public PlatformException(String message, Throwable cause) {
        super(message, cause);
    }
}
