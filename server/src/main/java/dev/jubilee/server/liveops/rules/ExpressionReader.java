package dev.jubilee.server.liveops.rules;

import dev.jubilee.server.conditions.Conditions;
import dev.jubilee.server.conditions.Expression.Condition;
import dev.jubilee.server.conditions.Expression.Formula;
import dev.jubilee.server.conditions.ExpressionException;
import dev.jubilee.server.conditions.Variable;
import dev.jubilee.server.http.Input;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads fields that are expressions; one that does not compile is a fault of its field. */
final class ExpressionReader {
    private final Conditions conditions;

    ExpressionReader(Conditions conditions) {
        this.conditions = conditions;
    }

    /** Null when the field is absent or faulty. */
    @Nullable Condition condition(Input input, String field, Set<Variable> allowed) {
        String text = input.optionalText(field, Conditions.MAX_LENGTH);
        try {
            return text == null || text.isEmpty() ? null : conditions.condition(text, allowed);
        } catch (ExpressionException e) {
            input.reject(field, String.valueOf(e.getMessage()));
            return null;
        }
    }

    /** Null when the field is absent or faulty; a plain number is a formula as well. */
    @Nullable Formula formula(Input input, String field, Set<Variable> allowed) {
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

    /** The formula that is 1 for everything. */
    Formula one() {
        return conditions.formula("1", Set.of());
    }
}
