package dev.jubilee.server.bus.delivery.shards;

import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Instances that have shards without asking PostgreSQL for them. */
public final class Owned {
    private Owned() {}

    /** Has all, for as long as any test takes. */
    public static void all(Ownership ownership) {
        Set<Integer> all = IntStream.range(0, Shards.COUNT).boxed().collect(Collectors.toSet());
        ownership.gain(ownership.instance(), all);
        ownership.live(System.nanoTime() + TimeUnit.HOURS.toNanos(1));
    }
}
