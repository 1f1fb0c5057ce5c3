package dev.jubilee.server.conditions;

import static dev.jubilee.server.conditions.Mark.ERROR;
import static dev.jubilee.server.conditions.Mark.NULL;
import static dev.jubilee.server.conditions.Mark.UNSURE;

import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.DoubleBinaryOperator;
import java.util.function.IntPredicate;
import java.util.function.LongBinaryOperator;

/**
 * CEL's operations on the scalars of JSON: Boolean, Long, Double, String and {@link Mark#NULL}.
 * Unlike kinds are unequal, have no order and no sum.
 */
final class Operations {
    /** Whole numbers up to here are doubles without loss. */
    private static final long EXACT = 1L << 53;

    private Operations() {}

    static Object not(Object a) {
        if (a instanceof Boolean value) {
            return !value;
        }
        return a == UNSURE ? UNSURE : ERROR;
    }

    static Object negate(Object a) {
        if (a instanceof Double value) {
            return -value;
        }
        if (a instanceof Long value && value != Long.MIN_VALUE) {
            return -value;
        }
        return a == UNSURE ? UNSURE : ERROR;
    }

    static Object equal(Object a, Object b) {
        if (isScalar(a) && isScalar(b)) {
            return a instanceof Number && b instanceof Number
                    ? order(a, b, comparison -> comparison == 0)
                    : (Object) a.equals(b);
        }
        return UNSURE;
    }

    static Object in(Object a, List<Object> constants) {
        if (a == UNSURE || a == ERROR) {
            return a;
        }
        for (Object constant : constants) {
            Object equal = equal(a, constant);
            if (!Boolean.FALSE.equals(equal)) {
                return equal;
            }
        }
        return false;
    }

    static Object order(Object a, Object b, IntPredicate wanted) {
        if (a instanceof Long x && b instanceof Long y) {
            return wanted.test(Long.compare(x, y));
        }
        if (a instanceof Number x && b instanceof Number y) {
            return isExact(x) && isExact(y) && comparable(x) && comparable(y)
                    ? (Object) wanted.test(Double.compare(x.doubleValue(), y.doubleValue()))
                    : UNSURE;
        }
        boolean sameKind = a.getClass() == b.getClass();
        return sameKind || !isScalar(a) || !isScalar(b) ? UNSURE : ERROR;
    }

    static BinaryOperator<Object> arithmetic(
            LongBinaryOperator whole, DoubleBinaryOperator fractional) {
        return (a, b) -> {
            if (a instanceof Long x && b instanceof Long y) {
                try {
                    return whole.applyAsLong(x, y);
                } catch (ArithmeticException e) {
                    return ERROR;
                }
            }
            if (a instanceof Number x && b instanceof Number y) {
                return fractional.applyAsDouble(x.doubleValue(), y.doubleValue());
            }
            return UNSURE;
        };
    }

    private static boolean isScalar(Object value) {
        return value instanceof Number
                || value instanceof String
                || value instanceof Boolean
                || value == NULL;
    }

    private static boolean isExact(Number number) {
        return number instanceof Double || Math.abs(number.longValue()) <= EXACT;
    }

    /** Double.compare orders NaN and the two zeros, which comparing numbers does not. */
    private static boolean comparable(Number number) {
        double value = number.doubleValue();
        return !Double.isNaN(value) && (value != 0 || number instanceof Long || 1 / value > 0);
    }
}
