package dev.jubilee.server.http.client;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The outcome of a request, or of a message to a broker. */
public sealed interface Outcome {
    /**
     * An answer came, of whatever status; redirects are answers like any other.
     *
     * @param body the beginning of it, as text
     * @param retryAfter what the header of that name said, as it was written
     */
    record Answered(int status, String body, @Nullable String retryAfter, Duration took)
            implements Outcome {}

    /**
     * A broker has taken the message, and said so.
     *
     * @param answer what it said, such as the place of the message
     */
    record Kept(String answer, Duration took) implements Outcome {}

    /** None came: whether the request arrived is not known. */
    record Failed(String reason, Duration took) implements Outcome {}

    /** Nothing was sent, because the receiver could not be reached; it may be later. */
    record Unsent(String reason, Duration took) implements Outcome {}

    /** Nothing was sent, because the address is not one to send to. */
    record Refused(String reason) implements Outcome {}

    /**
     * A defect of this platform kept it from being sent, or from knowing: that says nothing of the
     * address.
     */
    record Broken(Throwable cause) implements Outcome {
        /** The reason for callers; the cause is for the log. */
        public String reason() {
            return "a defect of this platform kept it from being sent";
        }
    }
}
