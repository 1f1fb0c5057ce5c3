package dev.jubilee.server.http;

import java.time.Duration;

/**
 * What one port tolerates.
 *
 * @param maxBody bytes of a request's body
 * @param readTimeout until a request has arrived whole
 * @param writeTimeout until a blocking handler has answered
 * @param idleTimeout of a kept-alive connection
 */
public record HttpLimits(
        int maxBody, Duration readTimeout, Duration writeTimeout, Duration idleTimeout) {}
