package dev.jubilee.events;

/**
 * Who made an event's id, and so whether it can come twice: what the bus made is unique by
 * construction, what a client made must be checked.
 */
public enum IdOrigin {
    SERVER,
    CLIENT
}
