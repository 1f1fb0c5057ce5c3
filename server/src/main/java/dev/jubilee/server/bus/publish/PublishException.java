package dev.jubilee.server.bus.publish;

/** An event was not published, or nobody knows whether it was. */
public final class PublishException extends RuntimeException {
    /** What a caller can do about it. */
    public enum Reason {
        /** There is no such topic: trying again does not help. */
        UNKNOWN_TOPIC,
        /** Kafka will never take this event, because of its size: trying again does not help. */
        TOO_LARGE,
        /** Kafka lacks the topic, though the platform has it; not sent: try again later. */
        TOPIC_MISSING,
        /** The event was not sent: try again later. */
        NOT_SENT,
        /** The event may or may not be in Kafka: try again later, with the same id. */
        OUTCOME_UNKNOWN
    }

    private final Reason reason;

    PublishException(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    PublishException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
