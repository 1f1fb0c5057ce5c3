package dev.jubilee.server.liveops.rules;

import dev.jubilee.events.TopicPattern;
import dev.jubilee.server.conditions.Conditions;
import dev.jubilee.server.conditions.Expression.Condition;
import dev.jubilee.server.conditions.Expression.Formula;
import dev.jubilee.server.conditions.Variable;
import dev.jubilee.server.http.Input;
import dev.jubilee.server.liveops.rules.RewardReader.Origin;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads the {@code requirements}, {@code settings} and {@code rewards} of a live event into {@link
 * Rules}: strictly and with every fault when somebody writes them, and once more when they come
 * from the database. Thread-safe.
 */
public final class RulesReader {
    private static final int MAX_PROGRESS_RULES = 50;
    private static final List<String> OPERATIONS = List.of("min", "max", "last");
    private static final List<String> TIE_BREAKS = List.of("score", "reached_at");
    private static final Set<Variable> OF_PLAYER = Set.of(Variable.PLAYER);
    private static final Set<Variable> OF_PARTICIPATION =
            Set.of(Variable.PLAYER, Variable.PROGRESS);
    private static final Set<Variable> OF_RANKING = Set.of(Variable.PROGRESS);
    private static final Set<Variable> OF_EVENT = Set.of(Variable.values());

    private final ExpressionReader expressions;
    private final RewardReader rewards;

    /**
     * @param maxRewards rewards a live event may name from now on
     */
    public RulesReader(Conditions conditions, int maxRewards) {
        this.expressions = new ExpressionReader(conditions);
        this.rewards = new RewardReader(expressions, maxRewards);
    }

    /**
     * Reads the three sections. Faults go to the body, whose {@link Input#check()} refuses them;
     * the result is of use only when there were none.
     *
     * @param previous what a section is that the body does not name; null for a new live event
     */
    public Config read(Input body, @Nullable Config previous) {
        return read(body, previous == null ? Config.EMPTY : previous, Origin.REQUEST);
    }

    private Config read(Input body, Config before, Origin origin) {
        JsonNode requirements = section(body, "requirements");
        JsonNode settings = section(body, "settings");
        Input given = body.optionalInput("requirements");
        Condition requirement =
                given == null ? requirement(Input.of(before.requirements())) : requirement(given);
        Input named = body.optionalInput("settings");
        Settings rules = settings(named == null ? Input.of(before.settings()) : named);
        boolean renewed = body.has("rewards");
        Input rewarding = renewed ? body : Input.of(before.asJson());
        List<RewardRule> earned =
                rewards.rewards(rewarding, rules.score != null, renewed ? origin : Origin.STORE);
        if (!renewed && !rewarding.isFine()) {
            body.reject("settings", "ranks nobody any more, but a reward goes by rank");
        }
        return new Config(
                requirements == null ? before.requirements() : requirements,
                settings == null ? before.settings() : settings,
                renewed ? RewardReader.json(earned) : before.rewards(),
                rules.with(requirement, earned));
    }

    /**
     * Compiles what was frozen into an occurrence, as {@link Config#asJson()} gave it. No limit
     * that is a setting applies to it.
     *
     * @throws dev.jubilee.server.http.ProblemException when it is not valid, which it was when it
     *     was written
     */
    public Config thaw(JsonNode frozen) {
        Input input = Input.of(frozen);
        Config config = read(input, Config.EMPTY, Origin.STORE);
        input.check();
        return config;
    }

    private static @Nullable JsonNode section(Input body, String name) {
        JsonNode given = body.optionalObject(name);
        return given == null ? null : withoutNulls(given);
    }

    /** The settings without fields that are null: they count as absent, and are not stored. */
    private static JsonNode withoutNulls(JsonNode given) {
        return switch (given) {
            case ObjectNode object -> {
                ObjectNode kept = JsonNodeFactory.instance.objectNode();
                object.forEachEntry((name, value) -> {
                    if (!value.isNull()) {
                        kept.set(name, withoutNulls(value));
                    }
                });
                yield kept;
            }
            case ArrayNode array -> {
                ArrayNode kept = JsonNodeFactory.instance.arrayNode();
                array.forEach(element -> kept.add(withoutNulls(element)));
                yield kept;
            }
            default -> given;
        };
    }

    private @Nullable Condition requirement(Input input) {
        return expressions.condition(input, "when", OF_PLAYER);
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
                expressions.condition(input, "complete_when", OF_PARTICIPATION),
                expressions.formula(input, "score", OF_RANKING),
                tieBreak.isEmpty() ? TIE_BREAKS : List.copyOf(tieBreak));
    }

    private @Nullable ProgressRule progressRule(Input input) {
        String metric = input.text("metric", 64);
        if (!metric.isEmpty() && !ProgressMetrics.isName(metric)) {
            input.reject("metric", "must be lower case letters, digits and _, such as kills");
        }
        TopicPattern on = pattern(input);
        Condition when = expressions.condition(input, "when", OF_EVENT);
        String set = input.optionalOneOf("set", OPERATIONS);
        Formula add = expressions.formula(input, "add", OF_EVENT);
        Formula value = expressions.formula(input, "value", OF_EVENT);
        if (set != null && input.has("add")) {
            input.reject("add", "does not go with set; a rule either adds or sets");
        } else if (set != null && !input.has("value")) {
            input.reject("value", "is required with set");
        } else if (set == null && input.has("value")) {
            input.reject(
                    "value", "goes with set, which says how the value counts: min, max or last");
        }
        Formula counted = set != null ? value : add != null ? add : expressions.one();
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
}
