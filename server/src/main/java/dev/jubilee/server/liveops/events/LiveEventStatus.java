package dev.jubilee.server.liveops.events;

import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/** Where a live event stands, and where it can go from there. */
public enum LiveEventStatus {
    /** Nobody but staff sees it. */
    DRAFT,
    /** Waits for its start, or for its next occurrence. */
    SCHEDULED,
    /** An occurrence of it runs, or has ended and is being settled. */
    ACTIVE,
    /** Its last occurrence is settled. A schedule may run it again. */
    COMPLETED,
    /** Called off, for good. */
    CANCELLED;

    /** The states that may follow this one. */
    public Set<LiveEventStatus> next() {
        return switch (this) {
            case DRAFT -> EnumSet.of(SCHEDULED, CANCELLED);
            case SCHEDULED -> EnumSet.of(ACTIVE, CANCELLED);
            case ACTIVE -> EnumSet.of(SCHEDULED, COMPLETED, CANCELLED);
            case COMPLETED -> EnumSet.of(SCHEDULED);
            case CANCELLED -> EnumSet.noneOf(LiveEventStatus.class);
        };
    }

    /** Whether that state may follow this one. */
    public boolean canBecome(LiveEventStatus other) {
        return next().contains(other);
    }

    /** Whether who sets it ends the event, or what runs of it. */
    boolean ends() {
        return this == COMPLETED || this == CANCELLED;
    }

    /** The states that this one may follow, as they are written. */
    String[] previousTexts() {
        return Stream.of(values())
                .filter(status -> status.canBecome(this))
                .map(LiveEventStatus::text)
                .toArray(String[]::new);
    }

    /** As it is written in tables and answers. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The status written so, refusing anything else. */
    public static LiveEventStatus of(String text) {
        return valueOf(text.toUpperCase(Locale.ROOT));
    }

    /** All, as they are written. */
    static List<String> texts() {
        return Stream.of(values()).map(LiveEventStatus::text).toList();
    }
}
