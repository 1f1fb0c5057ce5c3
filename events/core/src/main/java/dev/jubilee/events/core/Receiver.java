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

    /** Begins no more retries; takes what comes. */
    void settle();

    /** Waits until it has nothing to do; answers how many events it has been given so far. */
    long awaitQuiet();

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
        public void settle() {}

        @Override
        public long awaitQuiet() {
            return 0;
        }

        @Override
        public void drain() {}

        @Override
        public void stop() {}
    }

    record Queued(String name, TopicPattern pattern, Dispatcher dispatcher, Lifecycle bus)
            implements Receiver {
        @Override
        public boolean receive(BaseEvent event) throws InterruptedException {
            InMemoryDelivery delivery = new InMemoryDelivery(event);
            return bus.isHandler() ? dispatcher.admit(delivery) : dispatcher.dispatch(delivery);
        }

        @Override
        public void settle() {
            dispatcher.settle();
        }

        @Override
        public long awaitQuiet() {
            return dispatcher.awaitQuiet();
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
