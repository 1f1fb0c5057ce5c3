package dev.jubilee.server.http;

import dev.jubilee.server.security.Authenticator;

/**
 * The guards between a port and its routes: authentication, rate limits, limits and memory.
 *
 * @param proxies whose word counts about where a request came from
 * @param bodies the memory that bodies share, with those of other ports maybe
 * @param answers the memory that large answers share
 */
public record Edge(
        Authenticator authenticator,
        RateLimits rateLimits,
        HttpLimits limits,
        TrustedProxies proxies,
        BodyMemory bodies,
        AnswerMemory answers,
        HttpMetrics metrics) {
    /**
     * An edge with memory of its own for bodies and answers, no proxies, and metrics that nobody
     * reads.
     */
    public Edge(Authenticator authenticator, RateLimits rateLimits, HttpLimits limits) {
        this(
                authenticator,
                rateLimits,
                limits,
                TrustedProxies.NONE,
                new BodyMemory(limits.maxBody()),
                new AnswerMemory(),
                HttpMetrics.unread());
    }
}
