package dev.jubilee.server.config;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads settings by name and collects every fault, so that a start is refused with all of them at
 * once. Not thread-safe.
 */
public final class SettingsReader {
    private static final Pattern DURATION = Pattern.compile("(\\d+)(ms|s|m|h|d)?");

    private final Map<String, String> given;
    private final Set<String> faults = new LinkedHashSet<>();
    private final Map<String, String> effective = new LinkedHashMap<>();

    /** Settings by name, the environment's over the file's. */
    public SettingsReader(Map<String, String> given) {
        this.given = Map.copyOf(given);
    }

    /** Text, or null when it is not set. An empty value counts as not set. */
    public @Nullable String optionalText(String name) {
        String value = given.get(name);
        value = value == null || value.isBlank() ? null : value.strip();
        effective.put(name, value == null ? "" : value);
        return value;
    }

    /** Text, or the default. */
    public String text(String name, String otherwise) {
        String value = optionalText(name);
        effective.put(name, value == null ? otherwise : value);
        return value == null ? otherwise : value;
    }

    /** A whole number within the bounds. */
    public int integer(String name, int otherwise, int min, int max) {
        String value = text(name, Integer.toString(otherwise));
        try {
            int number = Integer.parseInt(value);
            if (number >= min && number <= max) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Reported below, like a number out of bounds.
        }
        fault(name, value, "a whole number from " + min + " to " + max);
        return otherwise;
    }

    /** True or false. */
    public boolean flag(String name, boolean otherwise) {
        String value = text(name, Boolean.toString(otherwise));
        return switch (value) {
            case "true" -> true;
            case "false" -> false;
            default -> {
                fault(name, value, "true or false");
                yield otherwise;
            }
        };
    }

    /**
     * A length of time such as {@code 500ms}, {@code 30s}, {@code 5m}, {@code 168h}, {@code 7d};
     * seconds without a unit.
     */
    public Duration duration(String name, Duration otherwise, Duration min, Duration max) {
        String value = optionalText(name);
        if (value == null) {
            effective.put(name, otherwise.toString());
            return otherwise;
        }
        Duration parsed = parse(value);
        if (parsed == null || parsed.compareTo(min) < 0 || parsed.compareTo(max) > 0) {
            fault(
                    name,
                    value,
                    "a length of time from "
                            + min
                            + " to "
                            + max
                            + ", such as 500ms, 30s, 5m or 168h");
            return otherwise;
        }
        return parsed;
    }

    /** Adds a fault of the caller's own finding. */
    public void fault(String name, String value, String allowed) {
        faults.add(name + " is \"" + value + "\"; allowed is " + allowed);
    }

    /** Every setting that was read, with its value in force. */
    public Map<String, String> effective() {
        return Map.copyOf(effective);
    }

    /**
     * Ends the reading.
     *
     * @throws InvalidSettingsException with every fault
     */
    public void check() {
        if (!faults.isEmpty()) {
            throw new InvalidSettingsException(List.copyOf(faults));
        }
    }

    private static @Nullable Duration parse(String value) {
        Matcher matcher = DURATION.matcher(value);
        if (!matcher.matches() || matcher.group(1).length() > 12) {
            return null;
        }
        long amount = Long.parseLong(matcher.group(1));
        return switch (matcher.group(2) == null ? "s" : matcher.group(2)) {
            case "ms" -> Duration.ofMillis(amount);
            case "m" -> Duration.ofMinutes(amount);
            case "h" -> Duration.ofHours(amount);
            case "d" -> Duration.ofDays(amount);
            default -> Duration.ofSeconds(amount);
        };
    }
}
