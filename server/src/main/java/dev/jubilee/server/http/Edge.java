package dev.jubilee.server.http;

import dev.jubilee.server.security.Authenticator;

/**
 * What stands between a port and its routes: who calls, how often, and how much.
 *
 * @param bodies the memory that bodies share, with those of other ports maybe
 * @param answers the same for large answers
 */
public record Edge(
        Authenticator authenticator,
        RateLimits rateLimits,
        HttpLimits limits,
        BodyMemory bodies,
        BodyMemory answers) {
    /** With memory of its own for bodies and answers. */
    public Edge(Authenticator authenticator, RateLimits rateLimits, HttpLimits limits) {
        this(
                authenticator,
                rateLimits,
                limits,
                new BodyMemory(limits.maxBody()),
                BodyMemory.forAnswers());
    }
}
