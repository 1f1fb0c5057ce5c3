package dev.jubilee.server.conditions;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.json.Json;
import dev.jubilee.server.players.Player;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;

/** A shortcut gives what the interpreter gives, whatever the expression and whatever it sees. */
class ShortcutProperties {
    private static final Set<Variable> ALL = Set.of(Variable.values());

    private final Conditions quick = new Conditions();
    private final Conditions interpreted = new Conditions(false);

    @Property(tries = 700)
    void conditionsAgree(@ForAll("expressions") String text, @ForAll("scopes") Scope scope) {
        @Nullable String expected = condition(interpreted, text, scope);
        Assume.that(expected != null);
        assertThat(condition(quick, text, scope)).as(text + " on " + scope).isEqualTo(expected);
    }

    @Property(tries = 700)
    void formulasAgree(@ForAll("expressions") String text, @ForAll("scopes") Scope scope) {
        @Nullable String expected = formula(interpreted, text, scope);
        Assume.that(expected != null);
        assertThat(formula(quick, text, scope)).as(text + " on " + scope).isEqualTo(expected);
    }

    private static @Nullable String condition(Conditions conditions, String text, Scope scope) {
        Expression.Condition condition;
        try {
            condition = conditions.condition(text, ALL);
        } catch (ExpressionException e) {
            return null;
        }
        return Boolean.toString(condition.test(scope));
    }

    private static @Nullable String formula(Conditions conditions, String text, Scope scope) {
        Expression.Formula formula;
        try {
            formula = conditions.formula(text, ALL);
        } catch (ExpressionException e) {
            return null;
        }
        try {
            return Double.toString(formula.value(scope));
        } catch (ExpressionException e) {
            return "none";
        }
    }

    @Provide
    Arbitrary<String> expressions() {
        return Arbitraries.lazyOf(this::leaf, this::leaf, this::compound);
    }

    private Arbitrary<String> leaf() {
        return Arbitraries.of(
                "true",
                "false",
                "0",
                "1",
                "3",
                "-2",
                "2.5",
                "0.0",
                "9007199254740993",
                "9223372036854775807",
                "'bow'",
                "''",
                "data.a",
                "data.b",
                "data.c",
                "data.a.b",
                "data.a.c",
                "data.missing",
                "has(data.a)",
                "has(data.a.b)",
                "has(data.missing.x)",
                "progress.kills",
                "progress.none",
                "has(progress.kills)",
                "player.level",
                "player.segment",
                "player.id",
                "player.attributes.a",
                "has(player.attributes.a)",
                "event.type",
                "event.player_id",
                "data.a in [1, 2.5, 'bow', true]",
                "player.segment in ['vip', 'bow']");
    }

    private Arbitrary<String> compound() {
        Arbitrary<String> part = expressions();
        Arbitrary<String> operator =
                Arbitraries.of(
                        "&&", "||", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "&&",
                        "||");
        return Arbitraries.oneOf(
                Combinators.combine(part, operator, part).as("(%s %s %s)"::formatted),
                part.map("!(%s)"::formatted),
                part.map("-(%s)"::formatted),
                Combinators.combine(part, part, part).as("((%s) ? (%s) : (%s))"::formatted));
    }

    @Provide
    Arbitrary<Scope> scopes() {
        Arbitrary<String> scalar =
                Arbitraries.of(
                        "1",
                        "2.5",
                        "0",
                        "-0.0",
                        "9007199254740993",
                        "9223372036854775808",
                        "1e400",
                        "\"bow\"",
                        "\"\"",
                        "true",
                        "false",
                        "null",
                        "[1]",
                        "{}");
        Arbitrary<String> inner = scalar.map("{\"b\": %s}"::formatted);
        Arbitrary<String> data =
                Combinators.combine(Arbitraries.oneOf(scalar, inner), scalar)
                        .as("{\"a\": %s, \"b\": %s}"::formatted);
        Arbitrary<Map<String, Double>> progress =
                Arbitraries.of(0.0, 1.0, 2.5, -3.0, 10.0)
                        .map(kills -> {
                            Map<String, Double> metrics = new HashMap<>();
                            metrics.put("kills", kills);
                            return metrics;
                        });
        return Combinators.combine(data, data, progress, Arbitraries.integers().between(0, 4))
                .as((payload, attributes, metrics, level) ->
                        new Scope(
                                new Scope.EventView(
                                        "bow",
                                        "arena",
                                        "game.events",
                                        Instant.EPOCH,
                                        level == 0 ? null : "p1"),
                                Json.tree(payload),
                                new Player("p1", level, "vip", Json.tree(attributes)),
                                metrics));
    }
}
