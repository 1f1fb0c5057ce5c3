package dev.jubilee.server.conditions;

import java.util.AbstractMap;
import java.util.Map;
import java.util.Set;

/** The metrics of a participation: one that was never set is 0, though {@code has()} denies it. */
final class MetricValues extends AbstractMap<String, Double> {
    private static final Double ZERO = 0.0;

    private final Map<String, Double> set;

    MetricValues(Map<String, Double> set) {
        this.set = set;
    }

    @Override
    public Double get(Object name) {
        Double value = set.get(name);
        return value == null ? ZERO : value;
    }

    @Override
    public boolean containsKey(Object name) {
        return set.containsKey(name);
    }

    @Override
    public Set<Entry<String, Double>> entrySet() {
        return set.entrySet();
    }
}
