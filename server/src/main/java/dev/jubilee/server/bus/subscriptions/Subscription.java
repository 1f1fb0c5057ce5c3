package dev.jubilee.server.bus.subscriptions;

import dev.jubilee.server.security.Principal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A subscription as it is in force.
 *
 * @param eventTypes types or patterns of types, any of which will do; empty for all
 * @param endpoint where events are brought: the URL of a webhook, an exchange of RabbitMQ, the key
 *     of a Redis stream, or the topic that they are written to; null where they are taken
 * @param filter as JSON
 * @param authToken encrypted
 * @param signingSecrets encrypted; webhooks only
 * @param startsAt by Kafka's id of a topic, the first offset of each partition; a topic or
 *     partition that is not named is delivered from its beginning
 * @param owner on whose behalf it is delivered; null where that is not known
 * @param state what changes while it is delivered to
 */
public record Subscription(
        UUID id,
        String serviceName,
        String topicPattern,
        List<String> eventTypes,
        DeliveryMethod method,
        @Nullable String endpoint,
        @Nullable String filter,
        @Nullable String authToken,
        @Nullable String signingSecrets,
        RetryPolicy retry,
        int rateLimitPerMin,
        Batching batching,
        boolean requiresAck,
        Duration ackDeadline,
        Ordering ordering,
        String startFrom,
        Map<UUID, List<Long>> startsAt,
        @Nullable Principal owner,
        State state) {

    /** Whether it is active, and if not, who stopped it. */
    public enum Status {
        ACTIVE,
        /** By its owner. Events are kept for it. */
        PAUSED,
        /** By the platform, because its endpoint said that it is gone. Events are kept for it. */
        DISABLED;

        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Status of(String text) {
            return valueOf(text.toUpperCase(Locale.ROOT));
        }
    }

    /** The order that deliveries keep. */
    public enum Ordering {
        /** Events of one key one after the other. */
        KEY,
        /** None. */
        NONE;

        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Ordering of(String text) {
            return valueOf(text.toUpperCase(Locale.ROOT));
        }
    }

    /**
     * Several events in one delivery.
     *
     * @param size at most so many
     * @param window how long the first of them waits for company
     */
    public record Batching(boolean enabled, int size, Duration window) {}

    /**
     * @param statusReason why it is paused or disabled, or what it lost
     * @param circuit {@code closed}, {@code open} or {@code half_open}
     * @param circuitUntil when an open circuit lets a try through
     * @param lastActive when something was last delivered
     * @param rewinds how often it was rewound
     */
    public record State(
            Status status,
            @Nullable String statusReason,
            String circuit,
            @Nullable Instant circuitUntil,
            Instant createdAt,
            Instant updatedAt,
            Instant lastActive,
            int rewinds) {
        State as(Status other, @Nullable String reason, Instant now) {
            return new State(
                    other, reason, circuit, circuitUntil, createdAt, now, lastActive, rewinds);
        }
    }

    /** The first offset of a partition whose past is still to be caught up with: none at all. */
    public static final long CATCHING_UP = Long.MAX_VALUE;

    /** Whether deliveries are under way. */
    public boolean isActive() {
        return state.status() == Status.ACTIVE;
    }

    /** Whether the platform keeps what it is owed; otherwise it reads Kafka itself. */
    public boolean isDelivered() {
        return method != DeliveryMethod.KAFKA || endpoint != null;
    }

    /** Whether its events are written to a topic. */
    public boolean hasTargetTopic() {
        return method == DeliveryMethod.KAFKA && endpoint != null;
    }

    /** Whether one instance delivers to it, and it does not take its events itself. */
    public boolean isPushed() {
        return isDispatched() || hasTargetTopic();
    }

    /** Whether each delivery is sent to it by itself, and answered for. */
    public boolean isDispatched() {
        return switch (method) {
            case WEBHOOK, RABBITMQ, REDIS -> true;
            case KAFKA, SSE -> false;
        };
    }

    Subscription withSecrets(@Nullable String token, @Nullable String signing) {
        return with(token, signing, startFrom, startsAt, owner, state);
    }

    Subscription withStartsAt(Map<UUID, List<Long>> value) {
        return with(authToken, signingSecrets, startFrom, Map.copyOf(value), owner, state);
    }

    Subscription withStartFrom(String value) {
        return with(authToken, signingSecrets, value, startsAt, owner, state);
    }

    Subscription withState(State value) {
        return with(authToken, signingSecrets, startFrom, startsAt, owner, value);
    }

    Subscription withOwner(Principal value) {
        return with(authToken, signingSecrets, startFrom, startsAt, value, state);
    }

    private Subscription with(
            @Nullable String token,
            @Nullable String signing,
            String from,
            Map<UUID, List<Long>> starts,
            @Nullable Principal who,
            State now) {
        return new Subscription(
                id,
                serviceName,
                topicPattern,
                eventTypes,
                method,
                endpoint,
                filter,
                token,
                signing,
                retry,
                rateLimitPerMin,
                batching,
                requiresAck,
                ackDeadline,
                ordering,
                from,
                starts,
                who,
                now);
    }
}
