package dev.jubilee.server.bus.filters;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A part of a filter, as a tree. */
sealed interface Pattern {
    /** Whether the value meets it; null is a field that is not there. */
    boolean matches(@Nullable JsonNode value);

    /** Adds why the value does not meet it; nothing when it does. */
    void explain(String path, @Nullable JsonNode value, List<EventFilter.Mismatch> into);

    private static boolean anyElement(Pattern pattern, JsonNode list) {
        for (JsonNode element : list) {
            if (pattern.matches(element)) {
                return true;
            }
        }
        return false;
    }

    private static void explainList(
            Pattern pattern, String path, JsonNode list, List<EventFilter.Mismatch> into) {
        if (!pattern.matches(list)) {
            into.add(
                    new EventFilter.Mismatch(
                            path, "one object that meets the whole pattern", list));
        }
    }

    /** A field of an object, and what it must meet. */
    record Field(String name, Pattern pattern) {}

    /** An object of which every field named must meet its pattern; in a list, any one object. */
    record AllOf(List<Field> fields) implements Pattern {
        @Override
        public boolean matches(@Nullable JsonNode value) {
            if (value != null && value.isArray()) {
                return anyElement(this, value);
            }
            for (Field field : fields) {
                if (!field.pattern().matches(childOf(value, field.name()))) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public void explain(
                String path, @Nullable JsonNode value, List<EventFilter.Mismatch> into) {
            if (value != null && value.isArray()) {
                explainList(this, path, value, into);
                return;
            }
            for (Field field : fields) {
                String below = path.isEmpty() ? field.name() : path + "." + field.name();
                field.pattern().explain(below, childOf(value, field.name()), into);
            }
        }

        private static @Nullable JsonNode childOf(@Nullable JsonNode value, String name) {
            return value == null || !value.isObject() ? null : value.get(name);
        }
    }

    /** The object must meet one of these, beside what else is asked of it. */
    record AnyOf(List<AllOf> alternatives) implements Pattern {
        @Override
        public boolean matches(@Nullable JsonNode value) {
            for (AllOf alternative : alternatives) {
                if (alternative.matches(value)) {
                    return true;
                }
            }
            return false;
        }

        @Override
        public void explain(
                String path, @Nullable JsonNode value, List<EventFilter.Mismatch> into) {
            if (!matches(value)) {
                alternatives.forEach(alternative -> alternative.explain(path, value, into));
            }
        }
    }

    /** An object that meets both; in a list, any one object. */
    record Both(AllOf fields, AnyOf or) implements Pattern {
        @Override
        public boolean matches(@Nullable JsonNode value) {
            if (value != null && value.isArray()) {
                return anyElement(this, value);
            }
            return fields.matches(value) && or.matches(value);
        }

        @Override
        public void explain(
                String path, @Nullable JsonNode value, List<EventFilter.Mismatch> into) {
            if (value != null && value.isArray()) {
                explainList(this, path, value, into);
                return;
            }
            fields.explain(path, value, into);
            or.explain(path, value, into);
        }
    }

    /** A value that passes any of these; of a list, any element. */
    record Leaf(List<ValueTest> tests) implements Pattern {
        @Override
        public boolean matches(@Nullable JsonNode value) {
            if (value != null && value.isArray() && !value.isEmpty()) {
                return anyElement(this, value);
            }
            JsonNode single = value != null && value.isArray() ? null : value;
            for (ValueTest test : tests) {
                if (test.passes(single)) {
                    return true;
                }
            }
            return false;
        }

        @Override
        public void explain(
                String path, @Nullable JsonNode value, List<EventFilter.Mismatch> into) {
            if (!matches(value)) {
                List<String> wanted = new ArrayList<>();
                tests.forEach(test -> wanted.add(test.text()));
                into.add(new EventFilter.Mismatch(path, String.join(", or ", wanted), value));
            }
        }
    }
}
