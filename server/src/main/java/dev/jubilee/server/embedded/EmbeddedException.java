package dev.jubilee.server.embedded;

/**
 * The embedded servers cannot run here. The message is one line that tells an operator what is
 * wrong and where.
 */
public final class EmbeddedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public EmbeddedException(String message) {
        super(message);
    }

    public EmbeddedException(String message, Throwable cause) {
        super(message, cause);
    }
}
