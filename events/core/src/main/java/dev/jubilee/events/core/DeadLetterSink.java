package dev.jubilee.events.core;

/** Where a transport puts dead letters. Called from any thread. */
@FunctionalInterface
public interface DeadLetterSink {
    /**
     * Keeps the letter and returns once it is safe; the delivery is settled after that. When this
     * throws, it is tried again after a pause, and later events of the key wait.
     */
    void put(FailedDelivery failed) throws Exception;
}
