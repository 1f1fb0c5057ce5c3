package dev.jubilee.server.bus.subscriptions;

import dev.jubilee.server.json.Json;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Plans of retries as JSON: a list of pauses, or how they grow. */
final class RetryPlans {
    /** The longest pause. */
    static final int MAX_SECONDS = 7 * 24 * 3_600;

    private RetryPlans() {}

    /**
     * The plan; null when it is none.
     *
     * @param initial seconds that the first pause of a growing one takes when it does not say
     */
    static RetryPolicy.@Nullable Plan read(JsonNode given, double initial) {
        return given.isArray() ? steps(given) : growing(given, initial);
    }

    /** The plan as it is kept. */
    static @Nullable String text(RetryPolicy.@Nullable Plan plan) {
        return switch (plan) {
            case null -> null;
            case RetryPolicy.Steps(List<Integer> delays) -> Json.text(delays);
            case RetryPolicy.Exponential growing -> Json.text(growing);
        };
    }

    private static RetryPolicy.@Nullable Plan steps(JsonNode list) {
        List<Integer> delays = new ArrayList<>();
        for (JsonNode entry : list) {
            if (!entry.isInt() || entry.intValue() < 0 || entry.intValue() > MAX_SECONDS) {
                return null;
            }
            delays.add(entry.intValue());
        }
        return delays.isEmpty() || delays.size() > 100 ? null : new RetryPolicy.Steps(delays);
    }

    private static RetryPolicy.@Nullable Plan growing(JsonNode object, double otherwise) {
        List<String> known = List.of("initial", "multiplier", "max", "jitter");
        if (!object.isObject() || !known.containsAll(object.propertyNames())) {
            return null;
        }
        for (JsonNode value : object) {
            if (!value.isNumber()) {
                return null;
            }
        }
        double initial = object.path("initial").asDouble(otherwise);
        double multiplier = object.path("multiplier").asDouble(2);
        double max = object.path("max").asDouble(3_600);
        double jitter = object.path("jitter").asDouble(0);
        boolean fits =
                initial > 0
                        && multiplier >= 1
                        && multiplier <= 10
                        && max >= initial
                        && max <= MAX_SECONDS
                        && jitter >= 0
                        && jitter <= 1;
        return fits ? new RetryPolicy.Exponential(initial, multiplier, max, jitter) : null;
    }
}
