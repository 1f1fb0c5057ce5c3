package dev.jubilee.server.bus.subscriptions;

import dev.jubilee.events.TopicName;
import dev.jubilee.events.TopicPattern;
import dev.jubilee.server.bus.subscriptions.Subscription.Batching;
import dev.jubilee.server.bus.subscriptions.Subscription.Ordering;
import dev.jubilee.server.http.Input;
import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Reads a subscription from a request, over the one that is there or the defaults; every fault is
 * named. In a change null takes a field away. For one reading.
 */
final class SubscriptionReader {
    private static final int MAX_ENDPOINT = 500;
    private static final int MAX_TOKEN = 255;
    private static final int MAX_TYPES = 200;
    private static final int MAX_FILTER = 50_000;
    private static final int MAX_SECONDS = RetryPlans.MAX_SECONDS;
    private static final int MAX_RATE = 100_000_000;
    private static final String TARGET_TOPIC = "target_topic";

    /** How webhooks and the like are sent. */
    private static final List<String> NOT_OF_ROUTED =
            List.of(
                    "auth_token",
                    "max_retries",
                    "retry_delay",
                    "retry_policy",
                    "rate_limit_per_min",
                    "enable_batching",
                    "batch_size",
                    "batch_window_ms",
                    "requires_ack",
                    "ack_deadline",
                    "ordering");

    /** How events are pushed; who takes them has them as fast as it asks, whoever else asks. */
    private static final List<String> NOT_OF_TAKEN =
            List.of(
                    "auth_token",
                    "rate_limit_per_min",
                    "enable_batching",
                    "batch_size",
                    "batch_window_ms",
                    "ordering");

    private final JsonNode json;
    private final Input input;
    private final Setting setting;

    /**
     * What requests are read against.
     *
     * @param topics whether there is a topic of that name
     * @param retryBackoff the first pause of a growing policy that does not say
     */
    record Setting(Endpoints endpoints, Predicate<String> topics, Duration retryBackoff) {}

    /** What a request said that is not kept as it was written. */
    record Read(Subscription subscription, @Nullable String plainToken, boolean tokenGiven) {}

    private SubscriptionReader(JsonNode json, Setting setting) {
        this.json = json;
        this.input = Input.of(json);
        this.setting = setting;
    }

    /** A new one; {@code base} holds the defaults. */
    static Read create(JsonNode json, Subscription base, Setting setting) {
        SubscriptionReader reader = new SubscriptionReader(json, setting);
        String service = reader.input.text("service_name", 100);
        String method = reader.input.optionalOneOf("method", DeliveryMethod.NAMES);
        DeliveryMethod chosen =
                method != null && DeliveryMethod.NAMES.contains(method)
                        ? DeliveryMethod.of(method)
                        : DeliveryMethod.KAFKA;
        boolean delivered = chosen != DeliveryMethod.KAFKA || reader.input.has(TARGET_TOPIC);
        String unavailable = setting.endpoints().fault(chosen);
        if (unavailable != null) {
            reader.input.reject("method", unavailable);
        }
        String start = reader.input.optionalText("start_from", 40);
        if (start != null && !StartFrom.isValid(start)) {
            reader.input.reject(
                    "start_from", "must be now, beginning, or a time like 2026-11-21T10:00:00Z");
        } else if (start != null && !start.equals(StartFrom.NOW) && !delivered) {
            reader.input.reject(
                    "start_from",
                    "is the consumer's own choice with the method kafka and no target_topic");
        }
        String otherwise = delivered ? base.startFrom() : StartFrom.NOW;
        return reader.read(base, service, chosen, start == null ? otherwise : start);
    }

    /** Changes to the one that is there; how it is brought, and from where, stays. */
    static Read change(JsonNode json, Subscription base, Setting setting) {
        SubscriptionReader reader = new SubscriptionReader(json, setting);
        String service = reader.input.optionalText("service_name", 100);
        for (String fixed : List.of("method", "start_from", TARGET_TOPIC)) {
            if (reader.input.has(fixed)) {
                reader.input.reject(fixed, "cannot be changed; make another subscription");
            }
        }
        return reader.read(
                base,
                service == null ? base.serviceName() : service,
                base.method(),
                base.startFrom());
    }

    private Read read(Subscription base, String service, DeliveryMethod method, String start) {
        String token = input.optionalText("auth_token", MAX_TOKEN);
        String topics = topicPattern(base.topicPattern());
        String endpoint =
                method == DeliveryMethod.KAFKA
                        ? targetTopic(base.endpoint(), topics)
                        : endpoint(base.endpoint(), method);
        Subscription read =
                new Subscription(
                        base.id(),
                        service,
                        topics,
                        eventTypes(base.eventTypes()),
                        method,
                        endpoint,
                        filter(base.filter()),
                        base.authToken(),
                        base.signingSecrets(),
                        retry(base.retry()),
                        input.integer("rate_limit_per_min", 0, MAX_RATE, base.rateLimitPerMin()),
                        batching(base.batching()),
                        input.flag("requires_ack", base.requiresAck()),
                        Duration.ofSeconds(
                                input.integer(
                                        "ack_deadline",
                                        1,
                                        MAX_SECONDS,
                                        (int) base.ackDeadline().toSeconds())),
                        ordering(base.ordering()),
                        start,
                        base.startsAt(),
                        base.owner(),
                        base.state());
        if (read.hasTargetTopic()) {
            rejectAll(
                    NOT_OF_ROUTED,
                    "does not apply where events are written to a topic: in order, each once, as"
                            + " fast as Kafka takes them");
        }
        if (method == DeliveryMethod.SSE) {
            rejectAll(
                    NOT_OF_TAKEN,
                    "does not apply where events are streamed or pulled: as many as are asked for,"
                            + " and what is given back comes again after the pause of its retries,"
                            + " or the delay that nack names");
        }
        if (token != null
                && (method == DeliveryMethod.RABBITMQ || method == DeliveryMethod.REDIS)) {
            input.reject("auth_token", "belongs to the method webhook, not " + method.text());
        }
        if (token != null && token.chars().anyMatch(c -> c < ' ' || c > 126)) {
            input.reject("auth_token", "must be printable ASCII, as it becomes a header");
        }
        input.check();
        return new Read(read, token, token != null || isTakenAway("auth_token"));
    }

    private void rejectAll(List<String> names, String why) {
        names.stream().filter(input::has).forEach(name -> input.reject(name, why));
    }

    private boolean isTakenAway(String name) {
        input.has(name);
        return json.has(name) && json.get(name).isNull();
    }

    private String topicPattern(String otherwise) {
        String pattern = input.optionalText("topic_pattern", TopicName.MAX_LENGTH);
        if (pattern == null) {
            return otherwise;
        }
        try {
            return TopicPattern.of(pattern).toString();
        } catch (IllegalArgumentException e) {
            input.reject("topic_pattern", String.valueOf(e.getMessage()));
            return otherwise;
        }
    }

    private List<String> eventTypes(List<String> otherwise) {
        if (isTakenAway("event_types")) {
            return List.of();
        }
        if (!input.has("event_types")) {
            return otherwise;
        }
        List<String> types = input.texts("event_types", MAX_TYPES, 100);
        for (int i = 0; i < types.size(); i++) {
            try {
                TopicPattern.of(types.get(i));
            } catch (IllegalArgumentException e) {
                input.reject(
                        "event_types[" + i + "]",
                        "must be an event type or a pattern of them, such as game.*; was \""
                                + types.get(i)
                                + "\"");
            }
        }
        return List.copyOf(types);
    }

    private @Nullable String endpoint(@Nullable String otherwise, DeliveryMethod method) {
        String given = input.optionalText("endpoint", MAX_ENDPOINT);
        String endpoint = given == null && !isTakenAway("endpoint") ? otherwise : given;
        if (input.optionalText(TARGET_TOPIC, TopicName.MAX_LENGTH) != null) {
            input.reject(TARGET_TOPIC, "belongs to the method kafka, not " + method.text());
        }
        if (method == DeliveryMethod.SSE) {
            if (endpoint != null) {
                input.reject("endpoint", "does not belong to the method sse");
            }
            return null;
        }
        if (endpoint == null) {
            input.reject("endpoint", "is required for the method " + method.text());
            return null;
        }
        String fault = given == null ? null : setting.endpoints().fault(method, endpoint);
        if (fault != null) {
            input.reject("endpoint", fault);
        }
        return endpoint;
    }

    /** The topic that events are written to; null when the subscriber reads for itself. */
    private @Nullable String targetTopic(@Nullable String otherwise, String pattern) {
        if (input.has("endpoint")) {
            input.reject(
                    "endpoint", "belongs to the method webhook; kafka may have a target_topic");
        }
        String given = input.optionalText(TARGET_TOPIC, TopicName.MAX_LENGTH);
        String target = given == null ? otherwise : given;
        if (target == null) {
            return null;
        }
        if (given != null && !setting.topics().test(given)) {
            input.reject(TARGET_TOPIC, "must be a topic that is there");
        } else if (TopicPattern.of(pattern).matches(target)) {
            input.reject(
                    given == null ? "topic_pattern" : TARGET_TOPIC,
                    "what is written to the target would be selected again");
        }
        return target;
    }

    private @Nullable String filter(@Nullable String otherwise) {
        if (isTakenAway("filter")) {
            return null;
        }
        JsonNode filter = FilterField.tree(input, "filter");
        if (filter == null) {
            return otherwise;
        }
        if (filter.toString().length() > MAX_FILTER) {
            input.reject("filter", "may have " + MAX_FILTER + " characters at most");
        }
        var _ = FilterField.compile(input, filter);
        return filter.toString();
    }

    private RetryPolicy retry(RetryPolicy base) {
        return new RetryPolicy(
                input.integer(
                        "max_retries", 0, SubscriptionSettings.MAX_RETRIES, base.maxRetries()),
                Duration.ofSeconds(
                        input.integer(
                                "retry_delay", 0, MAX_SECONDS, (int) base.delay().toSeconds())),
                plan(base.plan()));
    }

    private RetryPolicy.@Nullable Plan plan(RetryPolicy.@Nullable Plan otherwise) {
        if (isTakenAway("retry_policy")) {
            return null;
        }
        JsonNode given = input.optionalValue("retry_policy");
        if (given == null) {
            return otherwise;
        }
        RetryPolicy.Plan plan = RetryPlans.read(given, setting.retryBackoff().toMillis() / 1e3);
        if (plan == null) {
            input.reject(
                    "retry_policy",
                    "must be a list of 1 to 100 pauses in seconds, such as [1, 5, 30], or"
                            + " {\"initial\": 1, \"multiplier\": 2, \"max\": 300, \"jitter\": 0.2}"
                            + " with initial > 0, multiplier 1 to 10, max >= initial, jitter 0 to 1");
        }
        return plan;
    }

    private Batching batching(Batching base) {
        return new Batching(
                input.flag("enable_batching", base.enabled()),
                input.integer("batch_size", 1, SubscriptionSettings.MAX_BATCH, base.size()),
                Duration.ofMillis(
                        input.integer(
                                "batch_window_ms", 1, 60_000, (int) base.window().toMillis())));
    }

    private Ordering ordering(Ordering otherwise) {
        String given = input.optionalOneOf("ordering", List.of("key", "none"));
        return "key".equals(given)
                ? Ordering.KEY
                : "none".equals(given) ? Ordering.NONE : otherwise;
    }
}
