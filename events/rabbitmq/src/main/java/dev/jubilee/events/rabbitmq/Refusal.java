package dev.jubilee.events.rabbitmq;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Method;
import com.rabbitmq.client.ShutdownSignalException;
import org.jspecify.annotations.Nullable;

/** What the server means by closing a channel or a connection. */
final class Refusal {
    private Refusal() {}

    /** Whether asking again cannot help, because somebody has to change something first. */
    static boolean isFinal(@Nullable Throwable failure) {
        return switch (code(failure)) {
            case AMQP.ACCESS_REFUSED,
                    AMQP.PRECONDITION_FAILED,
                    AMQP.NOT_ALLOWED,
                    AMQP.NOT_IMPLEMENTED ->
                    true;
            default -> false;
        };
    }

    /** Whether what was asked for is not there, or its server is not. */
    static boolean isMissing(Throwable failure) {
        return code(failure) == AMQP.NOT_FOUND;
    }

    /** Whether it is there, and otherwise than it was asked for. */
    static boolean isOtherwise(Throwable failure) {
        return code(failure) == AMQP.PRECONDITION_FAILED;
    }

    /** Whether this user may not do it. */
    static boolean isForbidden(Throwable failure) {
        return code(failure) == AMQP.ACCESS_REFUSED;
    }

    /** Whether it is there, and another connection has it for itself. */
    static boolean isLocked(Throwable failure) {
        return code(failure) == AMQP.RESOURCE_LOCKED;
    }

    /** The reply code of the protocol; 0 if the server said nothing. */
    private static int code(@Nullable Throwable failure) {
        for (Throwable at = failure; at != null; at = at.getCause()) {
            if (at instanceof ShutdownSignalException signal) {
                return code(signal.getReason());
            }
        }
        return 0;
    }

    private static int code(@Nullable Method reason) {
        return switch (reason) {
            case AMQP.Channel.Close close -> close.getReplyCode();
            case AMQP.Connection.Close close -> close.getReplyCode();
            case null, default -> 0;
        };
    }
}
