package dev.jubilee.events.core;

import dev.jubilee.events.EventTracker;
import dev.jubilee.events.RetryStrategy;
import dev.jubilee.events.SubscriptionOptions;
import org.jspecify.annotations.Nullable;

/**
 * How a dispatcher treats its handler.
 *
 * @param subscription its name, for logs and dead letters
 * @param retry what happens when the handler fails and says nothing else
 * @param deadLetters where letters go
 * @param tracker told of what came of each event
 */
public record HandlerSettings(
        String subscription,
        SubscriptionOptions options,
        RetryStrategy retry,
        DeadLetterSink deadLetters,
        @Nullable EventTracker tracker) {}
