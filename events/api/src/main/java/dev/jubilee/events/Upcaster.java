package dev.jubilee.events;

/**
 * Turns a payload of one schema version into the next, such as {@code payload ->
 * payload.rename("gold", "amount")}. It works on plain values, because the class of the old version
 * is gone. Must not keep what it is given; called from any thread.
 */
@FunctionalInterface
public interface Upcaster {
    /**
     * Changes the payload into its next version, in place.
     *
     * @throws RuntimeException if this is no payload of the version; the event is then unreadable
     */
    void upcast(PayloadTree payload);
}
