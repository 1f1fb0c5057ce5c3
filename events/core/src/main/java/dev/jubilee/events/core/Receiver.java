package dev.jubilee.events.core;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.TopicPattern;

/** A subscription as the in-memory bus sees it. Synchronous ones come first. */
sealed interface Receiver extends Comparable<Receiver> {
    String name();

    TopicPattern pattern();

    /**
     * Handles the event or takes it over, waiting for room.
     *
     * @return false if it has ended: nothing was done with it
     */
    boolean receive(BaseEvent event) throws InterruptedException;

    boolean owns(Thread thread);

    /** Ends after what waits has been handled. */
    void drain();

    /** Ends after what is under way. */
    void stop();

    @Override
    default int compareTo(Receiver other) {
        return Boolean.compare(this instanceof Queued, other instanceof Queued);
    }

    record Synchronous(String name, TopicPattern pattern, SynchronousHandling<?> handling)
            implements Receiver {
        @Override
        public boolean receive(BaseEvent event) throws InterruptedException {
            handling.handle(event);
            return true;
        }

        @Override
        public boolean owns(Thread thread) {
            return false;
        }

        @Override
        public void drain() {}

        @Override
        public void stop() {}
    }

    record Queued(
            String name, TopicPattern pattern, Dispatcher dispatcher, InMemoryDeadLetters letters)
            implements Receiver {
        @Override
        public boolean receive(BaseEvent event) throws InterruptedException {
            return dispatcher.dispatch(new InMemoryDelivery(event, name));
        }

        @Override
        public boolean owns(Thread thread) {
            return dispatcher.owns(thread);
        }

        @Override
        public void drain() {
            dispatcher.close();
        }

        @Override
        public void stop() {
            dispatcher.stop();
        }
    }
}
