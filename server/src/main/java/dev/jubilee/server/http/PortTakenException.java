package dev.jubilee.server.http;

/** A port cannot be listened to. */
public final class PortTakenException extends RuntimeException {
    public PortTakenException(String host, int port, Throwable cause) {
        super("cannot listen on " + host + ":" + port + ": " + cause.getMessage(), cause);
    }
}
