package dev.jubilee.server.bus.filters;

import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** One test of one value; a list of them is met when any is. */
sealed interface ValueTest {
    /** Whether a single value passes; null is a field that is not there. */
    boolean passes(@Nullable JsonNode value);

    /** As a person reads it. */
    String text();

    /** The same JSON value; numbers by what they are worth, so 5 is 5.0. */
    record Exactly(JsonNode wanted) implements ValueTest {
        @Override
        public boolean passes(@Nullable JsonNode value) {
            if (value == null) {
                return false;
            }
            return (wanted.isNumber() && value.isNumber())
                    ? wanted.decimalValue().compareTo(value.decimalValue()) == 0
                    : wanted.equals(value);
        }

        @Override
        public String text() {
            return wanted.toString();
        }
    }

    record Prefix(String wanted) implements ValueTest {
        @Override
        public boolean passes(@Nullable JsonNode value) {
            return value != null && value.isString() && value.stringValue().startsWith(wanted);
        }

        @Override
        public String text() {
            return "text that begins with \"" + wanted + "\"";
        }
    }

    record Suffix(String wanted) implements ValueTest {
        @Override
        public boolean passes(@Nullable JsonNode value) {
            return value != null && value.isString() && value.stringValue().endsWith(wanted);
        }

        @Override
        public String text() {
            return "text that ends with \"" + wanted + "\"";
        }
    }

    /** The same text in any case. */
    record IgnoringCase(String wanted) implements ValueTest {
        @Override
        public boolean passes(@Nullable JsonNode value) {
            return value != null
                    && value.isString()
                    && value.stringValue()
                            .toLowerCase(Locale.ROOT)
                            .equals(wanted.toLowerCase(Locale.ROOT));
        }

        @Override
        public String text() {
            return "\"" + wanted + "\" in any case";
        }
    }

    /** One side of a range: {@code > 5}. */
    record Bound(String operator, BigDecimal limit) {
        boolean holds(BigDecimal value) {
            int order = value.compareTo(limit);
            return switch (operator) {
                case "<" -> order < 0;
                case "<=" -> order <= 0;
                case ">" -> order > 0;
                case ">=" -> order >= 0;
                default -> order == 0;
            };
        }
    }

    /** A number within all the bounds. */
    record Numeric(List<Bound> bounds) implements ValueTest {
        @Override
        public boolean passes(@Nullable JsonNode value) {
            if (value == null || !value.isNumber()) {
                return false;
            }
            BigDecimal number = value.decimalValue();
            for (Bound bound : bounds) {
                if (!bound.holds(number)) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public String text() {
            StringBuilder text = new StringBuilder("a number");
            for (Bound bound : bounds) {
                text.append(' ').append(bound.operator()).append(' ').append(bound.limit());
            }
            return text.toString();
        }
    }

    /** A value that is there and passes none of these. */
    record AnythingBut(List<ValueTest> unwanted) implements ValueTest {
        @Override
        public boolean passes(@Nullable JsonNode value) {
            if (value == null) {
                return false;
            }
            for (ValueTest one : unwanted) {
                if (one.passes(value)) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public String text() {
            return "anything but "
                    + String.join(", ", unwanted.stream().map(ValueTest::text).toList());
        }
    }

    /** Whether the field is there at all; null counts as there. */
    record Exists(boolean wanted) implements ValueTest {
        @Override
        public boolean passes(@Nullable JsonNode value) {
            return (value != null) == wanted;
        }

        @Override
        public String text() {
            return wanted ? "a field that is there" : "a field that is not there";
        }
    }
}
