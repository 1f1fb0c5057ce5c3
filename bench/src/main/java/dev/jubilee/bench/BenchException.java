package dev.jubilee.bench;

/** The measurement cannot be made; says why, in a line for the person who asked for it. */
public final class BenchException extends RuntimeException {
    public BenchException(String message) {
        super(message);
    }

    public BenchException(String message, Throwable cause) {
        super(message, cause);
    }
}
