package dev.jubilee.bench;

/**
 * Whether the platform gave right answers while it was fast.
 *
 * @param least what there must be: everything that was acknowledged
 * @param most what there may be: that and what was under way when the generator hung up
 */
public record Finding(String what, long least, long most, long found) {
    /** There must be exactly so many. */
    public static Finding exactly(String what, long expected, long found) {
        return new Finding(what, expected, expected, found);
    }

    public boolean holds() {
        return least <= found && found <= most;
    }

    @Override
    public String toString() {
        String expected =
                least == most ? "%,d".formatted(least) : "%,d to %,d".formatted(least, most);
        return "%s: expected %s, found %,d".formatted(what, expected, found);
    }
}
