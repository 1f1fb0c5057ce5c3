package dev.jubilee.events.core;

import dev.jubilee.events.Subscription;
import dev.jubilee.events.TopicPattern;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/** A subscription whose end is an action of its bus, done once. */
public final class ActiveSubscription implements Subscription {
    private final String name;
    private final TopicPattern pattern;
    private final BooleanSupplier open;
    private final Runnable ending;
    private final AtomicBoolean active = new AtomicBoolean(true);

    /**
     * A subscription that is active.
     *
     * @param open whether its bus is
     * @param ending what ends it
     */
    public ActiveSubscription(
            String name, TopicPattern pattern, BooleanSupplier open, Runnable ending) {
        this.name = name;
        this.pattern = pattern;
        this.open = open;
        this.ending = ending;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public TopicPattern pattern() {
        return pattern;
    }

    @Override
    public boolean isActive() {
        return active.get() && open.getAsBoolean();
    }

    @Override
    public void close() {
        if (active.compareAndSet(true, false)) {
            ending.run();
        }
    }
}
