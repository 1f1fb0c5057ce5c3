package dev.jubilee.server.bus.subscriptions;

import dev.jubilee.server.json.Json;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** What callers see of a subscription. */
record SubscriptionView(
        String subscriptionId,
        String serviceName,
        String topicPattern,
        List<String> eventTypes,
        String method,
        @Nullable String endpoint,
        @Nullable String targetTopic,
        @Nullable JsonNode filter,
        String status,
        @Nullable String statusReason,
        boolean isActive,
        boolean hasAuthToken,
        int maxRetries,
        long retryDelay,
        @Nullable JsonNode retryPolicy,
        int rateLimitPerMin,
        boolean enableBatching,
        int batchSize,
        long batchWindowMs,
        boolean requiresAck,
        long ackDeadline,
        String ordering,
        String startFrom,
        @Nullable String consumerGroup,
        Circuit circuit,
        Instant createdAt,
        Instant updatedAt,
        Instant lastActive,
        @Nullable String signingSecret) {

    /** Whether the endpoint is being tried. */
    record Circuit(String state, @Nullable Instant until) {}

    static SubscriptionView of(Subscription it, @Nullable String signingSecret) {
        String plan = RetryPlans.text(it.retry().plan());
        return new SubscriptionView(
                it.id().toString(),
                it.serviceName(),
                it.topicPattern(),
                it.eventTypes(),
                it.method().text(),
                it.hasTargetTopic() ? null : it.endpoint(),
                it.hasTargetTopic() ? it.endpoint() : null,
                it.filter() == null ? null : Json.tree(it.filter()),
                it.state().status().text(),
                it.state().statusReason(),
                it.isActive(),
                it.authToken() != null,
                it.retry().maxRetries(),
                it.retry().delay().toSeconds(),
                plan == null ? null : Json.tree(plan),
                it.rateLimitPerMin(),
                it.batching().enabled(),
                it.batching().size(),
                it.batching().window().toMillis(),
                it.requiresAck(),
                it.ackDeadline().toSeconds(),
                it.ordering().text(),
                it.startFrom(),
                !it.isDelivered() ? it.serviceName() + "." + it.id() : null,
                new Circuit(it.state().circuit(), it.state().circuitUntil()),
                it.state().createdAt(),
                it.state().updatedAt(),
                it.state().lastActive(),
                signingSecret);
    }
}
