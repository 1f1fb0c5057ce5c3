package dev.jubilee.server.http;

/** Which rate limit a route counts against. */
public enum Limit {
    /** Reads. What a GET counts as, when nothing else is said. */
    READ,
    /** Joining, leaving, claiming and the like. What everything but a GET counts as. */
    WRITE,
    /** Publishing events. */
    PUBLISH,
    /** None at all: health and documentation. */
    NONE
}
