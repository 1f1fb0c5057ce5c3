package dev.jubilee.events;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a subscription asks of its transport.
 *
 * @param durableName if there is one, the subscription is durable: the server keeps its events
 *     while no program is there to handle them, and programs that subscribe under the same name
 *     share them
 * @param mode in which thread events are handled
 * @param workers how many events are handled at a time, those of one key never together
 * @param capacity how many events may wait in this process; when so many do, the publisher waits
 *     (in memory) or no more are fetched from the server. Those that wait for a retry, or behind
 *     one of their key that does, are counted apart, up to limits that the bus documents
 */
public record SubscriptionOptions(
        @Nullable String durableName, Mode mode, int workers, int capacity) {
    /** Not durable, asynchronous, one worker, 1,024 events waiting. */
    public static final SubscriptionOptions DEFAULT =
            new SubscriptionOptions(null, Mode.ASYNCHRONOUS, 1, 1024);

    /** In which thread events are handled. */
    public enum Mode {
        /**
         * In the publisher's, before {@code publish} returns: in process only. The first failure
         * that is not retried away goes to the publisher instead of the dead letters.
         */
        SYNCHRONOUS,
        /** In the subscription's own. */
        ASYNCHRONOUS
    }

    public SubscriptionOptions {
        if (durableName != null && !TopicName.isValid(durableName)) {
            throw new IllegalArgumentException(
                    "a durable name is segments of a-z, 0-9, '_' and '-' joined by dots; was '"
                            + durableName
                            + "'");
        }
        if (workers < 1) {
            throw new IllegalArgumentException("'workers' must be 1 or more, was " + workers);
        }
        if (capacity < 1) {
            throw new IllegalArgumentException("'capacity' must be 1 or more, was " + capacity);
        }
        if (mode == Mode.SYNCHRONOUS && durableName != null) {
            throw new IllegalArgumentException(
                    "synchronous handling happens in the publisher's thread and cannot be durable");
        }
    }

    /** Durable under this name. */
    public static SubscriptionOptions durable(String name) {
        return new SubscriptionOptions(name, Mode.ASYNCHRONOUS, DEFAULT.workers, DEFAULT.capacity);
    }

    /** Handled in the publisher's thread. */
    public static SubscriptionOptions synchronous() {
        return new SubscriptionOptions(null, Mode.SYNCHRONOUS, 1, DEFAULT.capacity);
    }

    /** The name, if the subscription is durable. */
    public Optional<String> name() {
        return Optional.ofNullable(durableName);
    }

    public SubscriptionOptions withWorkers(int other) {
        return new SubscriptionOptions(durableName, mode, other, capacity);
    }

    public SubscriptionOptions withCapacity(int other) {
        return new SubscriptionOptions(durableName, mode, workers, other);
    }
}
