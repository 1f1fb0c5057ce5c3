package dev.jubilee.events.postgres.store;

import java.util.ArrayList;
import java.util.List;

/** Appends of one batch to one stream, each of which expects what the one before it leaves. */
final class Chain {
    final String stream;
    final long expectedVersion;
    final List<Integer> appends = new ArrayList<>();
    private int size;

    Chain(String stream, long expectedVersion) {
        this.stream = stream;
        this.expectedVersion = expectedVersion;
    }

    /** Takes over an append if it continues the chain. */
    boolean add(int index, Append append) {
        if (append.expectedVersion() != versionAfter()) {
            return false;
        }
        appends.add(index);
        size += append.size();
        return true;
    }

    /** How many events it adds. */
    int size() {
        return size;
    }

    long versionAfter() {
        return expectedVersion + size;
    }
}
