package dev.jubilee.server.bus.filters;

import dev.jubilee.server.json.Numbers;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads a filter and collects every fault. For one reading. */
final class PatternReader {
    private static final int MAX_DEPTH = 16;
    private static final int MAX_TESTS = 1_000;
    private static final String OR = "$or";
    private static final Set<String> OPERATORS = Set.of("<", "<=", ">", ">=", "=");
    private static final String BEYOND = "must be a number within 1.7e308 on either side of zero";
    private static final String KNOWN =
            "prefix, suffix, equals-ignore-case, wildcard, cidr, numeric, anything-but, exists";

    private final List<InvalidFilterException.Fault> faults = new ArrayList<>();
    private int tests;

    private PatternReader() {}

    static Pattern read(JsonNode json) {
        PatternReader reader = new PatternReader();
        Pattern pattern = reader.object("", json, 0);
        if (reader.tests > MAX_TESTS) {
            reader.fault("", "may have " + MAX_TESTS + " values at most, has " + reader.tests);
        }
        if (!reader.faults.isEmpty()) {
            throw new InvalidFilterException(reader.faults);
        }
        return pattern;
    }

    private Pattern object(String path, JsonNode json, int depth) {
        if (!json.isObject() || json.isEmpty()) {
            fault(path, "must be an object with at least one field");
            return new Pattern.AllOf(List.of());
        }
        if (depth > MAX_DEPTH) {
            fault(path, "may be nested " + MAX_DEPTH + " deep at most");
            return new Pattern.AllOf(List.of());
        }
        List<Pattern.Field> fields = new ArrayList<>();
        Pattern.@Nullable AnyOf or = null;
        for (Map.Entry<String, JsonNode> field : json.properties()) {
            String name = field.getKey();
            String below = path.isEmpty() ? name : path + "." + name;
            JsonNode value = field.getValue();
            if (name.equals(OR)) {
                or = alternatives(below, value, depth);
            } else if (value.isObject()) {
                fields.add(new Pattern.Field(name, object(below, value, depth + 1)));
            } else {
                fields.add(new Pattern.Field(name, leaf(below, value)));
            }
        }
        Pattern.AllOf all = new Pattern.AllOf(List.copyOf(fields));
        return or == null ? all : new Pattern.Both(all, or);
    }

    private Pattern.AnyOf alternatives(String path, JsonNode json, int depth) {
        List<Pattern.AllOf> alternatives = new ArrayList<>();
        if (!json.isArray() || json.isEmpty()) {
            fault(path, "must be a list of at least one object");
        }
        for (int i = 0; json.isArray() && i < json.size(); i++) {
            String at = path + "[" + i + "]";
            if (object(at, json.get(i), depth + 1) instanceof Pattern.AllOf all) {
                alternatives.add(all);
            } else {
                fault(at, "must not hold another " + OR);
            }
        }
        return new Pattern.AnyOf(List.copyOf(alternatives));
    }

    private Pattern.Leaf leaf(String path, JsonNode json) {
        if (!json.isArray()) {
            return new Pattern.Leaf(List.of(test(path, json)));
        }
        if (json.isEmpty()) {
            fault(path, "must hold at least one value");
        }
        List<ValueTest> all = new ArrayList<>();
        for (int i = 0; i < json.size(); i++) {
            all.add(test(path + "[" + i + "]", json.get(i)));
        }
        return new Pattern.Leaf(List.copyOf(all));
    }

    private ValueTest test(String path, JsonNode json) {
        tests++;
        if (json.isArray()) {
            fault(path, "must be a value or an object, was a list");
        } else if (json.isObject()) {
            return operator(path, json);
        }
        return exactly(path, json);
    }

    private ValueTest exactly(String path, JsonNode value) {
        if (value.isNumber() && Numbers.worth(value) == null) {
            fault(path, BEYOND);
        }
        return new ValueTest.Exactly(value);
    }

    private ValueTest operator(String path, JsonNode json) {
        if (json.size() != 1) {
            fault(path, "must have one field, one of " + KNOWN);
            return new ValueTest.Exists(true);
        }
        Map.Entry<String, JsonNode> only = json.properties().iterator().next();
        JsonNode value = only.getValue();
        return switch (only.getKey()) {
            case "prefix" -> new ValueTest.Prefix(text(path, value));
            case "suffix" -> new ValueTest.Suffix(text(path, value));
            case "equals-ignore-case" -> new ValueTest.IgnoringCase(text(path, value));
            case "wildcard" -> read(path, value, ValueTest.Wildcard::of);
            case "cidr" -> read(path, value, ValueTest.Cidr::of);
            case "numeric" -> new ValueTest.Numeric(bounds(path, value));
            case "anything-but" -> new ValueTest.AnythingBut(unwanted(path, value));
            case "exists" -> {
                if (!value.isBoolean()) {
                    fault(path, "exists must be true or false");
                }
                yield new ValueTest.Exists(value.asBoolean(true));
            }
            default -> {
                fault(path, "has \"" + only.getKey() + "\"; known are " + KNOWN);
                yield new ValueTest.Exists(true);
            }
        };
    }

    private String text(String path, JsonNode value) {
        if (!value.isString() || value.stringValue().isEmpty()) {
            fault(path, "must be given text");
            return "";
        }
        return value.stringValue();
    }

    private ValueTest read(String path, JsonNode value, Function<String, ValueTest> reading) {
        try {
            return reading.apply(text(path, value));
        } catch (IllegalArgumentException e) {
            fault(path, String.valueOf(e.getMessage()));
            return new ValueTest.Exists(true);
        }
    }

    private List<ValueTest.Bound> bounds(String path, JsonNode value) {
        List<ValueTest.Bound> bounds = new ArrayList<>();
        boolean fits = value.isArray() && (value.size() == 2 || value.size() == 4);
        for (int i = 0; fits && i < value.size(); i += 2) {
            JsonNode operator = value.get(i);
            JsonNode limit = value.get(i + 1);
            fits =
                    operator.isString()
                            && OPERATORS.contains(operator.stringValue())
                            && limit.isNumber();
            BigDecimal worth = fits ? Numbers.worth(limit) : null;
            if (worth != null) {
                bounds.add(new ValueTest.Bound(operator.stringValue(), worth));
            } else if (fits) {
                fault(path, BEYOND);
            }
        }
        if (!fits) {
            fault(path, "numeric must be like [\">\", 0, \"<=\", 5], with < <= > >= or =");
        }
        return List.copyOf(bounds);
    }

    private List<ValueTest> unwanted(String path, JsonNode value) {
        List<ValueTest> unwanted = new ArrayList<>();
        if (value.isObject()) {
            ValueTest inner = operator(path, value);
            if (inner instanceof ValueTest.Exists || inner instanceof ValueTest.AnythingBut) {
                fault(
                        path,
                        "anything-but takes values, prefix, suffix, equals-ignore-case, wildcard or cidr");
            }
            unwanted.add(inner);
        } else if (value.isArray()) {
            if (value.isEmpty()) {
                fault(path, "anything-but must be given at least one value");
            }
            for (int i = 0; i < value.size(); i++) {
                unwanted.add(plain(path, value.get(i)));
            }
        } else {
            unwanted.add(plain(path, value));
        }
        return List.copyOf(unwanted);
    }

    private ValueTest plain(String path, JsonNode value) {
        if (value.isContainer()) {
            fault(path, "anything-but takes a list of plain values");
        }
        return exactly(path, value);
    }

    private void fault(String path, String message) {
        faults.add(new InvalidFilterException.Fault(path, message));
    }
}
