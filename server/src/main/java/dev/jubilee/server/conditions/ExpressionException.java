package dev.jubilee.server.conditions;

/**
 * An expression cannot be compiled, or has no value here. The message is fit for the person who
 * wrote it.
 */
public final class ExpressionException extends RuntimeException {
    public ExpressionException(String message) {
        super(message, null, false, false);
    }
}
