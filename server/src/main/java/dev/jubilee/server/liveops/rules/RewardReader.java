package dev.jubilee.server.liveops.rules;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.jubilee.server.conditions.Expression.Condition;
import dev.jubilee.server.conditions.Variable;
import dev.jubilee.server.http.Input;
import dev.jubilee.server.json.Numbers;
import dev.jubilee.server.liveops.rules.RewardRule.Trigger;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Reads the {@code rewards} of a live event, and writes them with every default spelt out. */
final class RewardReader {
    private static final int MAX_RANK = 100_000;

    /** It is written once for each grant and told with each. */
    private static final int MAX_VALUE_BYTES = 16 << 10;

    private static final Pattern REWARD_ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,49}");
    private static final List<String> REWARD_TYPES =
            List.of("experience", "gold", "item", "currency", "title");
    private static final List<String> TRIGGERS = List.of("join", "complete", "milestone", "rank");
    private static final Set<Variable> OF_PARTICIPATION =
            Set.of(Variable.PLAYER, Variable.PROGRESS);

    private final ExpressionReader expressions;
    private final int maxRewards;

    RewardReader(ExpressionReader expressions, int maxRewards) {
        this.expressions = expressions;
        this.maxRewards = maxRewards;
    }

    /** Where rewards come from. */
    enum Origin {
        /** Somebody sends them, and is told of every fault. */
        REQUEST,
        /**
         * They were taken once. How many there may be and what they may be worth is not asked
         * again: a limit that was lowered since must not take away what is running.
         */
        STORE
    }

    /**
     * @param ranked whether there is a ranking, without which nothing goes by rank
     */
    List<RewardRule> rewards(Input body, boolean ranked, Origin origin) {
        List<RewardRule> rewards = new ArrayList<>();
        Set<String> ids = new HashSet<>();
        int most = origin == Origin.REQUEST ? maxRewards : Integer.MAX_VALUE;
        List<Input> given = body.list("rewards", most);
        List<@Nullable String> named = new ArrayList<>();
        given.forEach(input -> named.add(id(input)));
        for (int i = 0; i < named.size(); i++) {
            Input input = given.get(i);
            String name = named.get(i);
            String id = name == null ? nextFree(i + 1, named, ids) : name;
            RewardRule rule = reward(input, id, ranked, origin);
            if (!ids.add(rule.rewardId())) {
                input.reject("reward_id", "\"" + rule.rewardId() + "\" is there twice");
            }
            rewards.add(rule);
        }
        return List.copyOf(rewards);
    }

    private static @Nullable String id(Input input) {
        String id = input.optionalText("reward_id", 50);
        if (id != null && !id.isEmpty() && !REWARD_ID.matcher(id).matches()) {
            input.reject("reward_id", "must be letters, digits, _, . and -");
        }
        return id;
    }

    /** The id of a reward that has no name: by its place, or the next that is nobody's name. */
    private static String nextFree(int place, List<@Nullable String> named, Set<String> taken) {
        int number = place;
        while (named.contains("reward_" + number) || taken.contains("reward_" + number)) {
            number++;
        }
        return "reward_" + number;
    }

    private RewardRule reward(Input input, String id, boolean ranked, Origin origin) {
        String type = input.oneOf("reward_type", REWARD_TYPES);
        JsonNode value = value(input, type, origin);
        Long maxClaims = input.optionalInteger("max_claims", 1, Integer.MAX_VALUE);
        Input condition = input.optionalInput("reward_condition");
        if (condition == null) {
            condition = Input.empty();
        }
        String on = condition.optionalOneOf("on", TRIGGERS);
        Trigger trigger =
                on == null || on.isEmpty() || !TRIGGERS.contains(on)
                        ? Trigger.COMPLETE
                        : Trigger.valueOf(on.toUpperCase(Locale.ROOT));
        String claim = condition.optionalOneOf("claim", List.of("manual", "automatic"));
        return new RewardRule(
                id,
                type,
                value,
                trigger,
                milestone(condition, trigger),
                rank(condition, trigger, ranked),
                maxClaims == null ? null : Math.toIntExact(maxClaims),
                "automatic".equals(claim));
    }

    private static JsonNode value(Input input, String type, Origin origin) {
        JsonNode value = input.optionalObject("reward_value");
        if (value == null) {
            if (!input.has("reward_value")) {
                input.reject("reward_value", "is required, such as {\"amount\": 100}");
            }
            return JsonNodeFactory.instance.objectNode();
        }
        if (origin == Origin.REQUEST) {
            check(input, type, value);
        }
        return value;
    }

    private static void check(Input input, String type, JsonNode value) {
        JsonNode amount = value.get("amount");
        boolean counted = Set.of("experience", "gold", "currency").contains(type);
        if (!Numbers.areFinite(value)) {
            input.reject(
                    "reward_value", "must have no number that exceeds a double, such as 1e400");
        } else if (amount == null ? counted : !isPositive(amount)) {
            input.reject("reward_value", "must have an amount greater than 0");
        }
        if (value.toString().getBytes(UTF_8).length > MAX_VALUE_BYTES) {
            input.reject("reward_value", "must have at most 16,384 bytes as JSON");
        }
        if (type.equals("title") && !value.path("title").isString()) {
            input.reject("reward_value", "must have a title, such as {\"title\": \"Slayer\"}");
        }
    }

    private static boolean isPositive(JsonNode amount) {
        return amount.isNumber() && Numbers.nearest(amount) > 0;
    }

    private @Nullable Condition milestone(Input condition, Trigger trigger) {
        Condition when = expressions.condition(condition, "when", OF_PARTICIPATION);
        if (trigger == Trigger.MILESTONE && !condition.has("when")) {
            condition.reject("when", "is required for a milestone, such as progress.kills >= 5");
        } else if (trigger != Trigger.MILESTONE && condition.has("when")) {
            condition.reject("when", "goes with \"on\": \"milestone\"");
        }
        return when;
    }

    private static int rank(Input condition, Trigger trigger, boolean ranked) {
        Long top = condition.optionalInteger("top", 1, MAX_RANK);
        if (trigger != Trigger.RANK) {
            if (top != null) {
                condition.reject("top", "goes with \"on\": \"rank\"");
            }
            return 0;
        }
        if (top == null) {
            condition.reject("top", "is required for a rank: the last rank that earns it");
            return 1;
        }
        if (!ranked) {
            condition.reject("on", "is rank, but settings.score does not say what is ranked");
        }
        return Math.toIntExact(Math.clamp(top, 1, MAX_RANK));
    }

    static JsonNode json(List<RewardRule> rewards) {
        var array = JsonNodeFactory.instance.arrayNode();
        rewards.forEach(rule -> array.add(json(rule)));
        return array;
    }

    private static ObjectNode json(RewardRule rule) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("reward_id", rule.rewardId());
        json.put("reward_type", rule.rewardType());
        json.set("reward_value", rule.value());
        json.set("reward_condition", conditionJson(rule));
        if (rule.maxClaims() != null) {
            json.put("max_claims", rule.maxClaims());
        }
        return json;
    }

    private static ObjectNode conditionJson(RewardRule rule) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("on", rule.on().name().toLowerCase(Locale.ROOT));
        if (rule.when() != null) {
            json.put("when", rule.when().text());
        }
        if (rule.on() == Trigger.RANK) {
            json.put("top", rule.top());
        }
        json.put("claim", rule.automatic() ? "automatic" : "manual");
        return json;
    }
}
