package dev.jubilee.server.http;

import dev.jubilee.server.security.Authenticator;

/** What stands between a port and its routes: who calls, how often, and how much. */
public record Edge(Authenticator authenticator, RateLimits rateLimits, HttpLimits limits) {}
