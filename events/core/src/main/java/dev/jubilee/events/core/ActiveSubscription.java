package dev.jubilee.events.core;

import dev.jubilee.events.Subscription;
import dev.jubilee.events.TopicPattern;
import java.util.concurrent.atomic.AtomicBoolean;

/** A subscription whose end is an action of its transport, done once. */
public final class ActiveSubscription implements Subscription {
    private final String name;
    private final TopicPattern pattern;
    private final Runnable ending;
    private final AtomicBoolean active = new AtomicBoolean(true);

    public ActiveSubscription(String name, TopicPattern pattern, Runnable ending) {
        this.name = name;
        this.pattern = pattern;
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
        return active.get();
    }

    @Override
    public void close() {
        if (active.compareAndSet(true, false)) {
            ending.run();
        }
    }
}
