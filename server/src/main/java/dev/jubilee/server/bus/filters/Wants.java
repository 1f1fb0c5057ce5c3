package dev.jubilee.server.bus.filters;

import dev.jubilee.server.json.Numbers;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;

/**
 * Who wants what of one field: finds, for a value, everyone whose test it may pass, and hardly
 * anyone else. Immutable and thread-safe.
 */
final class Wants<T> {
    private final Map<String, List<T>> byValue;
    private final Map<String, List<T>> byLowerCase;
    private final Prefixes<T> beginnings;
    private final Prefixes<T> ends;
    private final Ranges<T> ranges;

    private Wants(Builder<T> from) {
        byValue = Map.copyOf(from.byValue);
        byLowerCase = Map.copyOf(from.byLowerCase);
        beginnings = from.beginnings.build();
        ends = from.ends.build();
        ranges = from.ranges.build();
    }

    static boolean canHold(ValueTest test) {
        return switch (test) {
            case ValueTest.Exactly _, ValueTest.IgnoringCase _, ValueTest.Numeric _ -> true;
            case ValueTest.Prefix _, ValueTest.Suffix _ -> true;
            case ValueTest.Wildcard wildcard ->
                    !wildcard.parts().getFirst().isEmpty() || !wildcard.parts().getLast().isEmpty();
            case ValueTest.Cidr _, ValueTest.AnythingBut _, ValueTest.Exists _ -> false;
        };
    }

    /** Collects tests and whose they are. */
    static final class Builder<T> {
        private final Map<String, List<T>> byValue = new HashMap<>();
        private final Map<String, List<T>> byLowerCase = new HashMap<>();
        private final Prefixes.Builder<T> beginnings = new Prefixes.Builder<>();
        private final Prefixes.Builder<T> ends = new Prefixes.Builder<>();
        private final Ranges.Builder<T> ranges = new Ranges.Builder<>();

        /**
         * Adds a test.
         *
         * @throws IllegalArgumentException unless {@link #canHold} says that it can be held
         */
        void add(ValueTest test, T owner) {
            switch (test) {
                case ValueTest.Exactly(JsonNode wanted) -> add(byValue, keyOf(wanted), owner);
                case ValueTest.IgnoringCase(String wanted) ->
                        add(byLowerCase, wanted.toLowerCase(Locale.ROOT), owner);
                case ValueTest.Prefix(String wanted) -> beginnings.add(wanted, owner);
                case ValueTest.Suffix(String wanted) -> ends.add(backwards(wanted), owner);
                case ValueTest.Wildcard wildcard -> {
                    String beginning = wildcard.parts().getFirst();
                    if (beginning.isEmpty()) {
                        ends.add(backwards(wildcard.parts().getLast()), owner);
                    } else {
                        beginnings.add(beginning, owner);
                    }
                }
                case ValueTest.Numeric numeric -> ranges.add(numeric, owner);
                case ValueTest.Cidr _, ValueTest.AnythingBut _, ValueTest.Exists _ ->
                        throw new IllegalArgumentException("cannot be looked up: " + test.text());
            }
        }

        Wants<T> build() {
            return new Wants<>(this);
        }

        private static <T> void add(Map<String, List<T>> to, String key, T owner) {
            to.computeIfAbsent(key, k -> new ArrayList<>()).add(owner);
        }
    }

    /** Hands over who may want the value; one with several tests perhaps more than once. */
    void find(JsonNode value, Consumer<T> into) {
        byValue.getOrDefault(keyOf(value), List.of()).forEach(into);
        if (value.isNumber()) {
            BigDecimal number = Numbers.worth(value);
            if (number != null) {
                ranges.find(number, into);
            }
        } else if (value.isString()) {
            String text = value.stringValue();
            if (!byLowerCase.isEmpty()) {
                byLowerCase.getOrDefault(text.toLowerCase(Locale.ROOT), List.of()).forEach(into);
            }
            beginnings.find(text, into);
            if (!ends.isEmpty()) {
                ends.find(backwards(text), into);
            }
        }
    }

    /** Character by character: a reversed builder would keep surrogates together. */
    private static String backwards(String text) {
        char[] reversed = new char[text.length()];
        for (int i = 0; i < reversed.length; i++) {
            reversed[i] = text.charAt(reversed.length - 1 - i);
        }
        return new String(reversed);
    }

    /** The same text for values that are the same. */
    private static String keyOf(JsonNode value) {
        if (value.isString()) {
            return value.stringValue();
        }
        BigDecimal number = value.isNumber() ? Numbers.worth(value) : null;
        if (number != null) {
            return "\u0001" + (number.signum() == 0 ? "0" : number.stripTrailingZeros().toString());
        }
        return "\u0002" + value;
    }
}
