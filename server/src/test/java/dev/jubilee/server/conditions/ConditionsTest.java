package dev.jubilee.server.conditions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.server.json.Json;
import dev.jubilee.server.players.Player;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConditionsTest {
    private static final Set<Variable> ALL = Set.of(Variable.values());
    private static final Scope SCOPE =
            new Scope(
                    new Scope.EventView(
                            "game.kill",
                            "arena",
                            "game.events",
                            Instant.parse("2026-03-01T12:00:00Z"),
                            "p1"),
                    Json.tree(
                            """
                            {"action_data": {"distance": 100.5, "headshot": true, "weapon": "bow",
                                             "count": 3, "tags": ["far", "calm"], "none": null}}
                            """),
                    new Player("p1", 12, "vip", Json.tree("{\"clan\": \"red\", \"power\": 9.5}")),
                    Map.of("kills", 10.0));

    private final Conditions conditions = new Conditions();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "true",
                "progress.kills >= 10",
                "progress.kills == 10",
                "progress.kills + 1 == 11",
                "progress.deaths == 0",
                "progress.deaths < 1",
                "progress.kills / 4 == 2.5",
                "data.action_data.distance > 100",
                "data.action_data.count >= 2.5",
                "data.action_data.count * 1.5 == 4.5",
                "data.action_data.headshot",
                "data.action_data.weapon == 'bow' && player.segment in ['vip', 'whale']",
                "'far' in data.action_data.tags",
                "data['action_data']['weapon'].startsWith('b')",
                "data.action_data.tags.exists(t, t == 'calm')",
                "size(data.action_data.tags) == 2",
                "data.action_data.none == null",
                "player.level >= 10",
                "player.level > 11.5",
                "player.attributes.clan == 'red'",
                "player.attributes.power > 9",
                "event.type == 'game.kill' && event.player_id == player.id",
                "event.time < timestamp('2026-03-02T00:00:00Z')",
                "has(data.action_data.weapon)",
                "has(event.player_id)",
                "has(progress.kills) && !has(progress.deaths)",
                "!has(data.nothing)",
                "data.nothing > 3 || player.level == 12",
                "player.level == 12 || data.nothing > 3",
                "data.action_data.count > 2 ? true : false"
            })
    void holds(String text) {
        assertThat(conditions.condition(text, ALL).test(SCOPE)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "false",
                "data.nothing > 3",
                "!(data.nothing > 3)",
                "data.action_data.weapon > 3",
                "data.action_data.weapon",
                "data.action_data.distance.more == 1",
                "player.attributes.nothing == 'x'",
                "data.nothing > 3 && player.level == 12",
                "1 / 0 == 1"
            })
    void doesNotHoldWhereSomethingIsMissingOrUnlike(String text) {
        assertThat(conditions.condition(text, ALL).test(SCOPE)).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1",
        "0.5, 0.5",
        "progress.kills, 10",
        "progress.nothing, 0",
        "progress.kills * 2 + 1, 21",
        "data.action_data.count, 3",
        "data.action_data.distance - 100, 0.5",
        "data.action_data.count * data.action_data.distance, 301.5",
        "player.level / 5, 2",
        "data.action_data.headshot ? 2.0 : 1.0, 2"
    })
    void aFormulaHasItsValue(String text, double value) {
        assertThat(conditions.formula(text, ALL).value(SCOPE)).isEqualTo(value);
    }

    @ParameterizedTest
    @ValueSource(strings = {"data.nothing", "data.action_data.weapon", "1.0 / 0.0", "1 / 0"})
    void aFormulaWithoutAValueSaysSo(String text) {
        var formula = conditions.formula(text, ALL);
        assertThatThrownBy(() -> formula.value(SCOPE)).isInstanceOf(ExpressionException.class);
    }

    @Test
    void whatIsBeyondEveryDoubleCountsAsInfiniteHoweverItIsWritten() {
        for (String number : new String[] {"1e400", "9".repeat(400)}) {
            Scope scope =
                    Scope.of(
                            new Player(
                                    "p1",
                                    12,
                                    "vip",
                                    Json.tree(
                                            "{\"clan\": \"red\", \"power\": %s}"
                                                    .formatted(number))),
                            Map.of());
            for (Conditions each : new Conditions[] {conditions, new Conditions(false)}) {
                assertThat(each.condition("player.attributes.power > 5", ALL).test(scope)).isTrue();
                assertThat(each.condition("player.attributes.power < 5", ALL).test(scope))
                        .isFalse();
                assertThat(each.condition("player.attributes.clan == 'red'", ALL).test(scope))
                        .isTrue();
                var formula = each.formula("player.attributes.power", ALL);
                assertThatThrownBy(() -> formula.value(scope))
                        .isInstanceOf(ExpressionException.class);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "plyer.level > 3          | line 1, column 1: undeclared reference to 'plyer' (known here: event, data, player, progress)",
                "player.levle > 3         | line 1, column 7: undefined field 'levle'",
                "player.level >           | line 1, column",
                "player.level             | must be true or false, is of type int",
                "player.level == 'ten'    | line 1, column 14: found no matching overload",
                "player.level > 3 &&      | mismatched input",
            })
    void whatIsWrongIsNamedWithItsPlace(String text, String message) {
        assertThatThrownBy(() -> conditions.condition(text, ALL))
                .isInstanceOf(ExpressionException.class)
                .hasMessageContaining(message);
    }

    @Test
    void aVariableThatIsNotAllowedHereIsUnknown() {
        assertThatThrownBy(() -> conditions.condition("data.x > 1", Set.of(Variable.PLAYER)))
                .hasMessageContaining("undeclared reference to 'data' (known here: player)");
    }

    @Test
    void anExpressionKnowsWhatItSpeaksOf() {
        assertThat(conditions.condition("player.level > 3 && progress.kills > 1", ALL).uses())
                .containsExactlyInAnyOrder(Variable.PLAYER, Variable.PROGRESS);
        assertThat(conditions.formula("1", ALL).uses()).isEmpty();
    }

    @Test
    void aFormulaThatIsTextIsRefused() {
        assertThatThrownBy(() -> conditions.formula("'ten'", ALL))
                .hasMessageContaining("must be a number, is of type string");
    }

    @Test
    void costIsBounded() {
        String nested =
                "[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b,"
                        + " [1,2,3,4,5,6,7,8,9,10].all(c, [1,2,3,4,5,6,7,8,9,10].all(d, true))))";
        assertThat(conditions.condition(nested, ALL).test(SCOPE)).isFalse();
        assertThatThrownBy(() -> conditions.condition("true" + " ".repeat(3_000), ALL))
                .isInstanceOf(ExpressionException.class);
        assertThatThrownBy(
                        () -> conditions.condition("(".repeat(300) + "true" + ")".repeat(300), ALL))
                .isInstanceOf(ExpressionException.class);
        assertThatThrownBy(() -> conditions.condition("1" + "+1".repeat(600) + " > 0", ALL))
                .isInstanceOf(ExpressionException.class);
    }
}
