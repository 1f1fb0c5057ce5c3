package dev.jubilee.server.database;

import java.util.UUID;

/** The order in which PostgreSQL sorts UUIDs: by their bytes, unsigned. Java's own is signed. */
public final class UuidOrder {
    private UuidOrder() {}

    /** Compares as a {@link java.util.Comparator} does. */
    public static int compare(UUID one, UUID other) {
        int high =
                Long.compareUnsigned(one.getMostSignificantBits(), other.getMostSignificantBits());
        return high != 0
                ? high
                : Long.compareUnsigned(
                        one.getLeastSignificantBits(), other.getLeastSignificantBits());
    }
}
