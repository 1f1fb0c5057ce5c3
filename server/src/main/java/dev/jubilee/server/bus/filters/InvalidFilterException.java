package dev.jubilee.server.bus.filters;

import java.util.List;

/** A filter that cannot be compiled. */
public final class InvalidFilterException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** One fault: the path within the filter, and what is wrong there. */
    public record Fault(String path, String message) {}

    private final transient List<Fault> faults;

    InvalidFilterException(List<Fault> faults) {
        super("a filter has " + faults.size() + " faults: " + faults);
        this.faults = List.copyOf(faults);
    }

    /** Every fault. */
    public List<Fault> faults() {
        return faults;
    }
}
