package dev.jubilee.server.http;

import dev.jubilee.server.security.PlayerId;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * Reads the fields of a JSON object strictly. Faults are collected, and {@link #check()} refuses
 * them all at once, together with the fields that nobody asked for. Until then a faulty field reads
 * as a harmless value of its type.
 */
public final class Input {
    /** A name that is not known is told as far. */
    private static final int MAX_NAMED = 64;

    private final JsonNode object;
    private final String prefix;
    private final Faults faults;
    private final List<Input> nested = new ArrayList<>();
    private final Set<String> known = new HashSet<>();

    /** Those of an object and of all within it. */
    private static final class Faults {
        private final List<Problem.FieldError> kept = new ArrayList<>(0);
        private int more;

        /** Counts one that is not kept, if there are enough already. */
        boolean areFull() {
            if (kept.size() < Problem.MAX_ERRORS) {
                return false;
            }
            more++;
            return true;
        }
    }

    private Input(JsonNode object, String prefix, Faults faults) {
        this.object = object;
        this.prefix = prefix;
        this.faults = faults;
    }

    /**
     * An object to read.
     *
     * @throws ProblemException 400 when it is something else than an object
     */
    public static Input of(JsonNode node) {
        if (!node.isObject()) {
            throw Problem.malformed("The body must be a JSON object, was " + kind(node) + ".")
                    .asException();
        }
        return new Input(node, "", new Faults());
    }

    /** An object without fields. */
    public static Input empty() {
        return of(JsonNodeFactory.instance.objectNode());
    }

    /** Whether the field is there and not null. */
    public boolean has(String name) {
        known.add(name);
        return object.hasNonNull(name);
    }

    /** Whether the field is there and null: what it stands for is to be taken away. */
    public boolean isNull(String name) {
        known.add(name);
        JsonNode value = object.get(name);
        return value != null && value.isNull();
    }

    /** Whether the field is there at all, be it null: in a change, null takes a value away. */
    public boolean names(String name) {
        known.add(name);
        return object.has(name);
    }

    /** Required text of 1 to {@code max} characters. */
    public String text(String name, int max) {
        String value = optionalText(name, max);
        if (value == null) {
            required(name);
            return "";
        }
        return value;
    }

    /** Text of 1 to {@code max} characters, or null when absent. */
    public @Nullable String optionalText(String name, int max) {
        JsonNode node = get(name);
        if (node == null) {
            return null;
        }
        if (!node.isString()) {
            reject(name, "must be text, was " + kind(node));
            return "";
        }
        String value = node.stringValue();
        if (value.isEmpty() || value.length() > max) {
            reject(name, "must have 1 to " + max + " characters, had " + value.length());
            return value;
        }
        String fault = StorableText.fault(value);
        if (fault != null) {
            reject(name, fault);
        }
        return value;
    }

    /** Required: a player's id. */
    public String player(String name) {
        String id = optionalPlayer(name);
        if (id == null) {
            required(name);
            return "";
        }
        return id;
    }

    /** A player's id, or null when absent. */
    public @Nullable String optionalPlayer(String name) {
        String id = optionalText(name, PlayerId.MAX_LENGTH);
        boolean blank = id != null && !id.isEmpty() && id.isBlank();
        if (blank || (id != null && id.chars().anyMatch(Character::isISOControl))) {
            reject(name, "must have no control characters and not only blanks");
        }
        return id;
    }

    /** Text that is one of those allowed, or null when absent. */
    public @Nullable String optionalOneOf(String name, List<String> allowed) {
        String value = optionalText(name, 64);
        if (value != null && !value.isEmpty() && !allowed.contains(value)) {
            reject(
                    name,
                    "must be one of " + String.join(", ", allowed) + "; was \"" + value + "\"");
        }
        return value;
    }

    /** Required text that is one of those allowed. */
    public String oneOf(String name, List<String> allowed) {
        String value = optionalOneOf(name, allowed);
        if (value == null) {
            required(name);
            return allowed.getFirst();
        }
        return value;
    }

    /** A whole number within the bounds, or null when absent. */
    public @Nullable Long optionalInteger(String name, long min, long max) {
        JsonNode node = get(name);
        if (node == null) {
            return null;
        }
        if (!node.isIntegralNumber() || !node.canConvertToLong()) {
            reject(name, "must be a whole number, was " + kind(node));
            return min;
        }
        long value = node.longValue();
        if (value < min || value > max) {
            reject(name, "must be between " + min + " and " + max + ", was " + value);
        }
        return value;
    }

    /** A whole number within the bounds; the default when absent. */
    public int integer(String name, int min, int max, int otherwise) {
        Long value = optionalInteger(name, min, max);
        return value == null ? otherwise : Math.clamp(value, min, max);
    }

    /** True or false; the default when absent. */
    public boolean flag(String name, boolean otherwise) {
        JsonNode node = get(name);
        if (node == null) {
            return otherwise;
        }
        if (!node.isBoolean()) {
            reject(name, "must be true or false, was " + kind(node));
            return otherwise;
        }
        return node.booleanValue();
    }

    /** A time as RFC 3339 with an offset, or null when absent. */
    public @Nullable Instant optionalInstant(String name) {
        String value = optionalText(name, 64);
        if (value == null || value.isEmpty()) {
            return null;
        }
        try {
            return OffsetDateTime.parse(value).toInstant();
        } catch (DateTimeException e) {
            reject(name, "must be a time like 2026-11-21T10:00:00Z, was \"" + value + "\"");
            return null;
        }
    }

    /** A required time. */
    public Instant instant(String name) {
        Instant value = optionalInstant(name);
        if (value == null) {
            if (!has(name)) {
                required(name);
            }
            return Instant.EPOCH;
        }
        return value;
    }

    /** Any JSON value, or null when absent. */
    public @Nullable JsonNode optionalValue(String name) {
        return get(name);
    }

    /** A JSON object that is taken as it is, or null when absent. */
    public @Nullable JsonNode optionalObject(String name) {
        JsonNode node = get(name);
        if (node != null && !node.isObject()) {
            reject(name, "must be an object, was " + kind(node));
            return null;
        }
        return node;
    }

    /** A JSON object whose fields are read strictly, or null when absent. */
    public @Nullable Input optionalInput(String name) {
        JsonNode node = optionalObject(name);
        return node == null ? null : nest(node, prefix + name + ".");
    }

    /** A list of objects that are read strictly; empty when absent. */
    public List<Input> list(String name, int max) {
        JsonNode node = get(name);
        if (node == null) {
            return List.of();
        }
        if (!node.isArray()) {
            reject(name, "must be a list, was " + kind(node));
            return List.of();
        }
        if (node.size() > max) {
            reject(name, "must have at most " + max + " entries, had " + node.size());
            return List.of();
        }
        List<Input> entries = new ArrayList<>();
        for (int i = 0; i < node.size(); i++) {
            JsonNode entry = node.get(i);
            if (entry.isObject()) {
                entries.add(nest(entry, prefix + name + "[" + i + "]."));
            } else {
                reject(name + "[" + i + "]", "must be an object, was " + kind(entry));
            }
        }
        return entries;
    }

    /** A list of texts; empty when absent. */
    public List<String> texts(String name, int maxEntries, int maxLength) {
        JsonNode node = get(name);
        if (node == null) {
            return List.of();
        }
        List<String> entries = new ArrayList<>();
        if (!node.isArray() || node.size() > maxEntries) {
            reject(name, "must be a list of at most " + maxEntries + " texts");
            return entries;
        }
        for (JsonNode entry : node) {
            if (!entry.isString()
                    || entry.stringValue().isEmpty()
                    || entry.stringValue().length() > maxLength) {
                reject(
                        name + "[" + entries.size() + "]",
                        "must be text of 1 to " + maxLength + " characters");
            }
            entries.add(entry.asString(""));
        }
        return entries;
    }

    /** Adds a fault of the caller's own finding. */
    public void reject(String name, String message) {
        if (!faults.areFull()) {
            faults.kept.add(new Problem.FieldError(prefix + name, message));
        }
    }

    /** Whether no fault has been found so far. */
    public boolean isFine() {
        return faults.kept.isEmpty();
    }

    /**
     * Ends the reading.
     *
     * @throws ProblemException 422 with the faults of this object and of those within it: every one
     *     up to a hundred, and how many more
     */
    public void check() {
        rejectUnknown();
        if (!isFine()) {
            throw Problem.invalid(faults.kept, faults.more).asException();
        }
    }

    private void rejectUnknown() {
        String message = null;
        for (String name : object.propertyNames()) {
            if (known.contains(name) || faults.areFull()) {
                continue;
            }
            if (message == null) {
                message =
                        "is not known here; known are "
                                + String.join(", ", known.stream().sorted().toList());
            }
            String field = name.length() <= MAX_NAMED ? name : name.substring(0, MAX_NAMED);
            faults.kept.add(new Problem.FieldError(prefix + field, message));
        }
        nested.forEach(Input::rejectUnknown);
    }

    private Input nest(JsonNode node, String path) {
        Input input = new Input(node, path, faults);
        nested.add(input);
        return input;
    }

    private void required(String name) {
        reject(name, "is required");
    }

    private @Nullable JsonNode get(String name) {
        known.add(name);
        JsonNode node = object.get(name);
        return node == null || node.isNull() ? null : node;
    }

    private static String kind(JsonNode node) {
        return switch (node.getNodeType()) {
            case ARRAY -> "a list";
            case OBJECT -> "an object";
            case STRING -> "text";
            case NUMBER -> "the number " + node.asString();
            case BOOLEAN -> node.asString();
            case NULL, MISSING -> "null";
            case BINARY, POJO -> "something else";
        };
    }
}
