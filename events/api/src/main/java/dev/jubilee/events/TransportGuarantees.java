package dev.jubilee.events;

/** What a transport promises, and under which condition. */
public record TransportGuarantees(Durability durability, Ordering ordering, Redelivery redelivery) {

    /** What an event that was published survives. */
    public sealed interface Durability {
        /** Nothing: it is gone with the process. */
        record InProcess() implements Durability {}

        /** A subscriber that is not connected at the moment misses it. */
        record WhileConnected() implements Durability {}

        /**
         * It is kept until every durable subscription handled it.
         *
         * @param survives what it survives, in words
         */
        record Stored(String survives) implements Durability {}
    }

    /** In which order a subscription sees events. */
    public sealed interface Ordering {
        /** Those of one key in the order in which they were published. */
        record PerKey() implements Ordering {}

        /**
         * As {@link PerKey}, except after a redelivery.
         *
         * @param exception when not, in words
         */
        record PerKeyExcept(String exception) implements Ordering {}
    }

    /** How often a subscription sees an event. */
    public sealed interface Redelivery {
        /** Once or, when something fails, never. */
        record AtMostOnce() implements Redelivery {}

        /** Once or, when something fails, more than once with the same id. */
        record AtLeastOnce() implements Redelivery {}
    }

    /**
     * Refuses options that ask for more than this.
     *
     * @throws IllegalArgumentException saying what was asked and what there is
     */
    public void requireFor(SubscriptionOptions options) {
        if (options.durableName() != null && !(durability instanceof Durability.Stored)) {
            throw new IllegalArgumentException(
                    "the durable subscription '%s' needs a transport that stores events; this one: %s"
                            .formatted(options.durableName(), durability));
        }
        if (options.mode() == SubscriptionOptions.Mode.SYNCHRONOUS
                && !(durability instanceof Durability.InProcess)) {
            throw new IllegalArgumentException(
                    "synchronous handling needs the in-memory bus; this one: " + durability);
        }
    }
}
