package dev.jubilee.server.bus.filters;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Finds the ranges that a number lies in, in the time that it takes to hand them over and the
 * logarithm of how many there are: an <a
 * href="https://en.wikipedia.org/wiki/Interval_tree#Augmented_tree">interval tree</a>, laid out in
 * a list that is ordered by the lower ends. Immutable and thread-safe.
 */
final class Ranges<T> {
    /** Both ends belong to it; null is no end. */
    private record Range<T>(@Nullable BigDecimal low, @Nullable BigDecimal high, T owner) {}

    private final List<Range<T>> ranges;

    /** Of each place in the list that is the root of a part of it: the highest end in that part. */
    private final List<@Nullable BigDecimal> highest;

    private Ranges(List<Range<T>> unordered) {
        List<Range<T>> ordered = new ArrayList<>(unordered);
        ordered.sort(
                Comparator.comparing(Range::low, Comparator.nullsFirst(Comparator.naturalOrder())));
        this.ranges = List.copyOf(ordered);
        this.highest = new ArrayList<>(ordered.stream().map(Range::high).toList());
        raise(0, ranges.size());
    }

    /** Collects ranges and whose they are. */
    static final class Builder<T> {
        private final List<Range<T>> ranges = new ArrayList<>();

        void add(ValueTest.Numeric test, T owner) {
            BigDecimal low = null;
            BigDecimal high = null;
            for (ValueTest.Bound bound : test.bounds()) {
                BigDecimal limit = bound.limit();
                if (!bound.operator().startsWith("<")
                        && (low == null || limit.compareTo(low) > 0)) {
                    low = limit;
                }
                if (!bound.operator().startsWith(">")
                        && (high == null || limit.compareTo(high) < 0)) {
                    high = limit;
                }
            }
            ranges.add(new Range<>(low, high, owner));
        }

        Ranges<T> build() {
            return new Ranges<>(ranges);
        }
    }

    /** Hands over whose range has the number within it or at an end. */
    void find(BigDecimal number, Consumer<T> into) {
        find(number, 0, ranges.size(), into);
    }

    private void find(BigDecimal number, int from, int to, Consumer<T> into) {
        if (from >= to) {
            return;
        }
        int root = (from + to) >>> 1;
        if (ends(highest.get(root), number)) {
            return;
        }
        find(number, from, root, into);
        Range<T> range = ranges.get(root);
        if (range.low() == null || range.low().compareTo(number) <= 0) {
            if (!ends(range.high(), number)) {
                into.accept(range.owner());
            }
            find(number, root + 1, to, into);
        }
    }

    private static boolean ends(@Nullable BigDecimal high, BigDecimal before) {
        return high != null && high.compareTo(before) < 0;
    }

    private @Nullable BigDecimal raise(int from, int to) {
        int root = (from + to) >>> 1;
        BigDecimal most = ranges.isEmpty() ? null : ranges.get(root).high();
        if (from < root) {
            most = higher(most, raise(from, root));
        }
        if (root + 1 < to) {
            most = higher(most, raise(root + 1, to));
        }
        if (!ranges.isEmpty()) {
            highest.set(root, most);
        }
        return most;
    }

    private static @Nullable BigDecimal higher(@Nullable BigDecimal a, @Nullable BigDecimal b) {
        return a == null || b == null ? null : a.max(b);
    }
}
