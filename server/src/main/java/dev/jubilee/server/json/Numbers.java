package dev.jubilee.server.json;

import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** JSON's numbers, of which some are larger than any that Java computes with. */
public final class Numbers {
    private Numbers() {}

    /** What a number is worth; null when it is beyond what can be compared, such as 1e400. */
    public static @Nullable BigDecimal worth(JsonNode number) {
        if (number.isFloatingPointNumber() && !number.isBigDecimal()) {
            double value = number.doubleValue();
            return Double.isFinite(value) ? BigDecimal.valueOf(value) : null;
        }
        return number.decimalValue();
    }

    /**
     * The double nearest to a number; infinite beyond what a double holds, whether it is written
     * 1e400 or with four hundred digits.
     */
    public static double nearest(JsonNode number) {
        return number.isBigInteger() || number.isBigDecimal()
                ? number.numberValue().doubleValue()
                : number.doubleValue();
    }

    /** The same, or null when it is beyond what a double holds. */
    public static @Nullable Double finite(JsonNode number) {
        double value = nearest(number);
        return Double.isFinite(value) ? (Double) value : null;
    }

    /**
     * Whether a double holds every number of a tree. Where one does not, what is stored may not be
     * what was sent: 1e400 is read as infinite, which is no JSON any more.
     */
    public static boolean areFinite(JsonNode tree) {
        if (tree.isNumber()) {
            return finite(tree) != null;
        }
        for (JsonNode child : tree) {
            if (!areFinite(child)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Whether both are numbers of one worth: 5 is 5.0. What cannot be compared is nobody's equal.
     */
    public static boolean same(JsonNode one, JsonNode other) {
        BigDecimal worth = worth(one);
        BigDecimal otherWorth = worth(other);
        return worth != null && otherWorth != null && worth.compareTo(otherWorth) == 0;
    }
}
