package dev.jubilee.events.kafka;

/**
 * Consumes batches. The effect of a batch and its offset advance are one transaction of the
 * handler's: so what was consumed and where the group stands can never differ.
 */
@FunctionalInterface
public interface BatchHandler {
    /** What came of a batch. */
    enum Handled {
        /** Effect and advance are committed. */
        ADVANCED,
        /**
         * A position was not the expected one, and nothing was done: another consumer was there.
         */
        FENCED
    }

    /**
     * Consumes the batch. When it throws, the loop reads from the store where the group stands and
     * goes on from there, so a transaction whose outcome is unknown is neither lost nor repeated.
     * It goes on soon after a {@link RetryableException}, and after anything else with a long pause
     * and an alarm; it never passes over a record. A record that cannot be consumed must be put
     * aside by the handler, in its transaction.
     */
    Handled handle(Batch batch) throws Exception;
}
