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
     * Whether both are numbers of one worth: 5 is 5.0. What cannot be compared is nobody's equal.
     */
    public static boolean same(JsonNode one, JsonNode other) {
        BigDecimal worth = worth(one);
        BigDecimal otherWorth = worth(other);
        return worth != null && otherWorth != null && worth.compareTo(otherWorth) == 0;
    }
}
