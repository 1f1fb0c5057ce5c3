package dev.jubilee.server.http;

import dev.jubilee.server.security.Authenticator;

/**
 * What stands between a port and its routes: who calls, how often, and how much.
 *
 * @param bodies the memory that bodies share, with those of other ports maybe
 * @param answers the memory that large answers share
 */
public record Edge(
        Authenticator authenticator,
        RateLimits rateLimits,
        HttpLimits limits,
        BodyMemory bodies,
        AnswerMemory answers) {
    /** With memory of its own for bodies and answers. */
    public Edge(Authenticator authenticator, RateLimits rateLimits, HttpLimits limits) {
        this(
                authenticator,
                rateLimits,
                limits,
                new BodyMemory(limits.maxBody()),
                new AnswerMemory());
    }
}
