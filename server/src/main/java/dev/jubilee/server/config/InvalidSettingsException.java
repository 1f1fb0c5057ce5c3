package dev.jubilee.server.config;

import java.util.List;

/**
 * The start is refused: these settings are wrong, each named with what was given and what is
 * allowed.
 */
public final class InvalidSettingsException extends RuntimeException {
    private final transient List<String> faults;

    public InvalidSettingsException(List<String> faults) {
        super(String.join("; ", faults));
        this.faults = List.copyOf(faults);
    }

    /** One line for each wrong setting. */
    public List<String> faults() {
        return faults;
    }
}
