package dev.jubilee.events.store;

import java.util.List;

/** Does something with events, in the order in which they are stored. */
@FunctionalInterface
public interface BatchHandler {
    /**
     * Handles the next events. They come again if this throws, or if the program ends before their
     * checkpoint is written: be idempotent, or write the effect and the checkpoint in one
     * transaction.
     *
     * @param lease the right to handle them, for whoever writes the checkpoint along
     */
    void handle(List<StoredEvent> events, Checkpoints.Lease lease) throws Exception;
}
