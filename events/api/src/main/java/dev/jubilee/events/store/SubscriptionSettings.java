package dev.jubilee.events.store;

import java.time.Duration;

/**
 * How a subscription works.
 *
 * @param subscription its name, by which its checkpoint is kept
 * @param owner this instance's name, unique among those who compete for the subscription
 * @param batchSize at most so many events are handled at once
 * @param poll how long it waits before it looks again when there is nothing new
 * @param lease how long an owner that is not heard of keeps the subscription; a batch must be
 *     handled in less
 */
public record SubscriptionSettings(
        String subscription, String owner, int batchSize, Duration poll, Duration lease) {
    public SubscriptionSettings {
        if (subscription.isEmpty() || owner.isEmpty()) {
            throw new IllegalArgumentException("subscription and owner must not be empty");
        }
        if (batchSize < 1) {
            throw new IllegalArgumentException("batchSize must be at least 1, was " + batchSize);
        }
        if (!poll.isPositive() || !lease.isPositive()) {
            throw new IllegalArgumentException(
                    "poll and lease must be positive, were " + poll + " and " + lease);
        }
    }

    /** Batches of 500, a look every 50 ms, a lease of 15 s. */
    public static SubscriptionSettings of(String subscription, String owner) {
        return new SubscriptionSettings(
                subscription, owner, 500, Duration.ofMillis(50), Duration.ofSeconds(15));
    }

    public SubscriptionSettings withBatchSize(int value) {
        return new SubscriptionSettings(subscription, owner, value, poll, lease);
    }

    public SubscriptionSettings withPoll(Duration value) {
        return new SubscriptionSettings(subscription, owner, batchSize, value, lease);
    }

    public SubscriptionSettings withLease(Duration value) {
        return new SubscriptionSettings(subscription, owner, batchSize, poll, value);
    }
}
