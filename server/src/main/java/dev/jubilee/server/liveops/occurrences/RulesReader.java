package dev.jubilee.server.liveops.occurrences;

import dev.jubilee.events.TopicPattern;
import dev.jubilee.server.conditions.Conditions;
import dev.jubilee.server.conditions.Expression.Condition;
import dev.jubilee.server.conditions.Expression.Formula;
import dev.jubilee.server.conditions.ExpressionException;
import dev.jubilee.server.conditions.Variable;
import dev.jubilee.server.http.Input;
import dev.jubilee.server.progress.ProgressRule;
import dev.jubilee.server.rewards.RewardRule;
import dev.jubilee.server.rewards.RewardRule.Trigger;
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

/**
 * Reads the {@code requirements}, {@code settings} and {@code rewards} of a live event into {@link
 * Rules}: strictly and with every fault when somebody writes them, and once more when they come
 * from the database. Thread-safe.
 */
public final class RulesReader {
    private static final int MAX_PROGRESS_RULES = 50;
    private static final int MAX_RANK = 100_000;
    private static final Pattern METRIC = Pattern.compile("[a-z_][a-z0-9_]{0,63}");
    private static final Pattern REWARD_ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,49}");
    private static final List<String> REWARD_TYPES =
            List.of("experience", "gold", "item", "currency", "title");
    private static final List<String> TRIGGERS = List.of("join", "complete", "milestone", "rank");
    private static final List<String> OPERATIONS = List.of("min", "max", "last");
    private static final List<String> TIE_BREAKS = List.of("score", "reached_at");
    private static final Set<Variable> OF_PLAYER = Set.of(Variable.PLAYER);
    private static final Set<Variable> OF_PARTICIPATION =
            Set.of(Variable.PLAYER, Variable.PROGRESS);
    private static final Set<Variable> OF_RANKING = Set.of(Variable.PROGRESS);
    private static final Set<Variable> OF_EVENT = Set.of(Variable.values());

    private final Conditions conditions;
    private final int maxRewards;

    /**
     * @param maxRewards rewards a live event may name
     */
    public RulesReader(Conditions conditions, int maxRewards) {
        this.conditions = conditions;
        this.maxRewards = maxRewards;
    }

    /**
     * Reads the three sections. Faults go to the body, whose {@link Input#check()} refuses them;
     * the result is of use only when there were none.
     *
     * @param previous what a section is that the body does not name; null for a new live event
     */
    public Config read(Input body, @Nullable Config previous) {
        Config before = previous == null ? Config.EMPTY : previous;
        JsonNode requirements = body.optionalObject("requirements");
        JsonNode settings = body.optionalObject("settings");
        Input given = body.optionalInput("requirements");
        Condition requirement =
                given == null ? requirement(Input.of(before.requirements())) : requirement(given);
        Input named = body.optionalInput("settings");
        Settings rules = settings(named == null ? Input.of(before.settings()) : named);
        Input rewarding = body.has("rewards") ? body : Input.of(before.asJson());
        List<RewardRule> rewards = rewards(rewarding, rules.score != null);
        if (rewarding != body && !rewarding.isFine()) {
            body.reject("settings", "ranks nobody any more, but a reward goes by rank");
        }
        return new Config(
                requirements == null ? before.requirements() : requirements,
                settings == null ? before.settings() : settings,
                body.has("rewards") ? json(rewards) : before.rewards(),
                rules.with(requirement, rewards));
    }

    /**
     * Compiles what was frozen into an occurrence, as {@link Config#asJson()} gave it.
     *
     * @throws dev.jubilee.server.http.ProblemException when it is not valid, which it was when it
     *     was written
     */
    public Config thaw(JsonNode frozen) {
        Input input = Input.of(frozen);
        Config config = read(input, null);
        input.check();
        return config;
    }

    private @Nullable Condition requirement(Input input) {
        return condition(input, "when", OF_PLAYER);
    }

    private record Settings(
            Rules.Join join,
            List<ProgressRule> progress,
            @Nullable Condition completeWhen,
            @Nullable Formula score,
            List<String> tieBreak) {
        Rules with(@Nullable Condition requirement, List<RewardRule> rewards) {
            return new Rules(join, requirement, progress, completeWhen, score, tieBreak, rewards);
        }
    }

    private Settings settings(Input input) {
        String join = input.optionalOneOf("join", List.of("manual", "automatic"));
        List<ProgressRule> progress = new ArrayList<>();
        for (Input rule : input.list("progress", MAX_PROGRESS_RULES)) {
            ProgressRule read = progressRule(rule);
            if (read != null) {
                progress.add(read);
            }
        }
        if ("automatic".equals(join) && progress.isEmpty() && input.isFine()) {
            input.reject(
                    "join", "is automatic by the first event that counts; name it in progress");
        }
        List<String> tieBreak = input.texts("tie_break", TIE_BREAKS.size(), 32);
        if (!TIE_BREAKS.containsAll(tieBreak) || new HashSet<>(tieBreak).size() < tieBreak.size()) {
            input.reject("tie_break", "must be of score and reached_at, each at most once");
        }
        return new Settings(
                "automatic".equals(join) ? Rules.Join.AUTOMATIC : Rules.Join.MANUAL,
                List.copyOf(progress),
                condition(input, "complete_when", OF_PARTICIPATION),
                formula(input, "score", OF_RANKING),
                tieBreak.isEmpty() ? TIE_BREAKS : List.copyOf(tieBreak));
    }

    private @Nullable ProgressRule progressRule(Input input) {
        String metric = input.text("metric", 64);
        if (!metric.isEmpty() && !METRIC.matcher(metric).matches()) {
            input.reject("metric", "must be lower case letters, digits and _, such as kills");
        }
        TopicPattern on = pattern(input);
        Condition when = condition(input, "when", OF_EVENT);
        String set = input.optionalOneOf("set", OPERATIONS);
        Formula add = formula(input, "add", OF_EVENT);
        Formula value = formula(input, "value", OF_EVENT);
        if (set != null && input.has("add")) {
            input.reject("add", "does not go with set; a rule either adds or sets");
        } else if (set != null && !input.has("value")) {
            input.reject("value", "is required with set");
        } else if (set == null && input.has("value")) {
            input.reject(
                    "value", "goes with set, which says how the value counts: min, max or last");
        }
        Formula counted = set != null ? value : add != null ? add : one();
        if (on == null || counted == null) {
            return null;
        }
        ProgressRule.Operation operation =
                set == null || !OPERATIONS.contains(set)
                        ? ProgressRule.Operation.ADD
                        : ProgressRule.Operation.valueOf(set.toUpperCase(Locale.ROOT));
        return new ProgressRule(metric, on, when, operation, counted);
    }

    private static @Nullable TopicPattern pattern(Input input) {
        String on = input.text("on", 255);
        try {
            return on.isEmpty() ? null : TopicPattern.of(on);
        } catch (IllegalArgumentException e) {
            input.reject("on", String.valueOf(e.getMessage()));
            return null;
        }
    }

    private List<RewardRule> rewards(Input body, boolean ranked) {
        List<RewardRule> rewards = new ArrayList<>();
        Set<String> ids = new HashSet<>();
        for (Input input : body.list("rewards", maxRewards)) {
            RewardRule rule = reward(input, "reward_" + (rewards.size() + 1), ranked);
            if (!ids.add(rule.rewardId())) {
                input.reject("reward_id", "\"" + rule.rewardId() + "\" is there twice");
            }
            rewards.add(rule);
        }
        return List.copyOf(rewards);
    }

    private RewardRule reward(Input input, String defaultId, boolean ranked) {
        String id = input.optionalText("reward_id", 50);
        if (id != null && !id.isEmpty() && !REWARD_ID.matcher(id).matches()) {
            input.reject("reward_id", "must be letters, digits, _, . and -");
        }
        String type = input.oneOf("reward_type", REWARD_TYPES);
        JsonNode value = value(input, type);
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
                id == null ? defaultId : id,
                type,
                value,
                trigger,
                milestone(condition, trigger),
                rank(condition, trigger, ranked),
                maxClaims == null ? null : Math.toIntExact(maxClaims),
                "automatic".equals(claim));
    }

    private static JsonNode value(Input input, String type) {
        JsonNode value = input.optionalObject("reward_value");
        if (value == null) {
            if (!input.has("reward_value")) {
                input.reject("reward_value", "is required, such as {\"amount\": 100}");
            }
            return JsonNodeFactory.instance.objectNode();
        }
        JsonNode amount = value.get("amount");
        boolean counted = Set.of("experience", "gold", "currency").contains(type);
        if (amount == null ? counted : !amount.isNumber() || amount.doubleValue() <= 0) {
            input.reject("reward_value", "must have an amount greater than 0");
        }
        if (type.equals("title") && !value.path("title").isString()) {
            input.reject("reward_value", "must have a title, such as {\"title\": \"Slayer\"}");
        }
        return value;
    }

    private @Nullable Condition milestone(Input condition, Trigger trigger) {
        Condition when = condition(condition, "when", OF_PARTICIPATION);
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

    private @Nullable Condition condition(Input input, String field, Set<Variable> allowed) {
        String text = input.optionalText(field, Conditions.MAX_LENGTH);
        try {
            return text == null || text.isEmpty() ? null : conditions.condition(text, allowed);
        } catch (ExpressionException e) {
            input.reject(field, String.valueOf(e.getMessage()));
            return null;
        }
    }

    private @Nullable Formula formula(Input input, String field, Set<Variable> allowed) {
        JsonNode given = input.optionalValue(field);
        String text =
                given != null && given.isNumber()
                        ? given.asString()
                        : input.optionalText(field, Conditions.MAX_LENGTH);
        try {
            return text == null || text.isEmpty() ? null : conditions.formula(text, allowed);
        } catch (ExpressionException e) {
            input.reject(field, String.valueOf(e.getMessage()));
            return null;
        }
    }

    private Formula one() {
        return conditions.formula("1", Set.of());
    }

    private static JsonNode json(List<RewardRule> rewards) {
        var array = JsonNodeFactory.instance.arrayNode();
        rewards.forEach(rule -> array.add(json(rule)));
        return array;
    }

    /** A reward as it is stored: with its id and its condition spelt out. */
    static ObjectNode json(RewardRule rule) {
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
