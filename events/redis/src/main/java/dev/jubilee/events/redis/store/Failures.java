package dev.jubilee.events.redis.store;

import dev.jubilee.events.store.EventStoreFailure;
import dev.jubilee.events.store.EventStoreUnavailable;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** What a failure means to those who use a store. */
final class Failures {
    /** How the server begins what it says of itself, and not of what it was asked. */
    private static final List<String> PASSING =
            List.of(
                    "LOADING",
                    "BUSY",
                    "OOM",
                    "MISCONF",
                    "READONLY",
                    "MASTERDOWN",
                    "NOREPLICAS",
                    "UNKILLABLE");

    private Failures() {}

    static RuntimeException of(String what, Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof EventStoreUnavailable unavailable) {
            return unavailable;
        }
        if (cause instanceof EventStoreFailure told) {
            return told;
        }
        String message = what + ": " + cause.getMessage();
        return passes(cause)
                ? new EventStoreUnavailable(message, cause)
                : new EventStoreFailure(message, cause);
    }

    /** Waits for the answer. */
    static <T> T await(String what, CompletableFuture<T> answer) {
        try {
            return answer.join();
        } catch (CompletionException | CancellationException e) {
            throw of(what, e);
        }
    }

    private static boolean passes(Throwable cause) {
        if (cause instanceof RedisCommandExecutionException) {
            return says(cause.getMessage());
        }
        return cause instanceof RedisException
                || cause instanceof IOException
                || cause instanceof CancellationException
                || cause instanceof TimeoutException;
    }

    private static boolean says(@Nullable String message) {
        return message != null && PASSING.stream().anyMatch(message::startsWith);
    }
}
