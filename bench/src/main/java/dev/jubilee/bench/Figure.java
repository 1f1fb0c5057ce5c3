package dev.jubilee.bench;

import java.util.Locale;

/**
 * One measured figure and what it must be.
 *
 * @param name what was measured
 * @param unit such as {@code /s} or {@code ms}
 */
public record Figure(String name, double value, String unit, Bound bound) {
    /** What a figure must be. */
    public sealed interface Bound {
        /** A floor. */
        record AtLeast(double limit) implements Bound {}

        /** A ceiling. */
        record Below(double limit) implements Bound {}

        /** Only told. */
        record Told() implements Bound {}
    }

    public static Figure atLeast(String name, double value, String unit, double limit) {
        return new Figure(name, value, unit, new Bound.AtLeast(limit));
    }

    public static Figure below(String name, double value, String unit, double limit) {
        return new Figure(name, value, unit, new Bound.Below(limit));
    }

    public static Figure told(String name, double value, String unit) {
        return new Figure(name, value, unit, new Bound.Told());
    }

    /** What this is of a yardstick; nothing at all when the yardstick is nothing. */
    public static double ratio(double value, double yardstick) {
        return yardstick <= 0 ? 0 : value / yardstick;
    }

    public boolean holds() {
        return switch (bound) {
            case Bound.AtLeast(double limit) -> value >= limit;
            case Bound.Below(double limit) -> value < limit;
            case Bound.Told() -> true;
        };
    }

    /** The limit as people read it; empty when there is none. */
    public String limit() {
        return switch (bound) {
            case Bound.AtLeast(double limit) -> "≥ " + number(limit) + " " + unit;
            case Bound.Below(double limit) -> "< " + number(limit) + " " + unit;
            case Bound.Told() -> "";
        };
    }

    /** The value as people read it. */
    public String text() {
        return number(value) + " " + unit;
    }

    private static String number(double value) {
        double size = Math.abs(value);
        String format = size >= 100 || value == Math.rint(value) ? "%,.0f" : "%,.2f";
        return String.format(Locale.ROOT, format, value);
    }
}
