package dev.jubilee.events;

/**
 * Who made an event's id, and so whether it can come twice: what the bus made is unique by
 * construction, what a client made must be checked.
 */
public enum IdOrigin {
    /** The bus, at the moment of acceptance, which the id carries. It comes once. */
    SERVER,

    /** Whoever published it: any text, and a retry brings it again. */
    CLIENT,

    /**
     * The bus's own platform, together with the change that the event tells of. The id carries the
     * moment of acceptance, as one of {@link #SERVER} does, but can come twice: a relay that dies
     * is followed by one that repeats.
     */
    RELAYED
}
