package dev.jubilee.server.http;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Which part of a list is asked for.
 *
 * @param number from 1
 * @param limit entries a page, 1 to 200
 */
public record Page(int number, int limit) {
    private static final int DEFAULT_LIMIT = 50;
    private static final int MAX_LIMIT = 200;
    private static final int MAX_OFFSET = 100_000;

    /**
     * Reads {@code page} and {@code limit}.
     *
     * @throws ProblemException 422 when one is not a number, or leads deeper than 100,000 entries
     */
    public static Page of(Call call) {
        int number = integer(call, "page", 1, 1, Integer.MAX_VALUE);
        int limit = integer(call, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT);
        if ((long) (number - 1) * limit > MAX_OFFSET) {
            throw Problem.invalid(
                            "page",
                            "leads past entry "
                                    + MAX_OFFSET
                                    + ", where paging ends; narrow the filter")
                    .asException();
        }
        return new Page(number, limit);
    }

    /**
     * The entry behind which a list goes on, by {@code cursor}; null when it begins.
     *
     * @throws ProblemException 422 when it is none that an answer can have held
     */
    public static @Nullable UUID cursor(Call call) {
        String given = call.query("cursor");
        if (given == null) {
            return null;
        }
        try {
            if (given.length() == 36) {
                return UUID.fromString(given);
            }
        } catch (IllegalArgumentException e) {
            // Refused below, like one of another length.
        }
        throw Problem.invalid("cursor", "must be one that an answer held").asException();
    }

    /** How many entries come before this page. */
    public int offset() {
        return (number - 1) * limit;
    }

    private static int integer(Call call, String name, int otherwise, int min, int max) {
        @Nullable String given = call.query(name);
        if (given == null) {
            return otherwise;
        }
        try {
            int value = Integer.parseInt(given);
            if (value >= min && value <= max) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Refused below, like a number out of bounds.
        }
        throw Problem.invalid(
                        name,
                        "must be a whole number from "
                                + min
                                + " to "
                                + max
                                + ", was \""
                                + given
                                + "\"")
                .asException();
    }
}
