package dev.jubilee.server.http;

import dev.jubilee.server.config.SettingsReader;
import java.time.Duration;
import java.util.Collections;
import java.util.List;

/**
 * What one port tolerates.
 *
 * @param maxBody bytes of a request's body
 * @param readTimeout until a request has arrived whole
 * @param writeTimeout until a handler has answered
 * @param idleTimeout of a kept-alive connection
 * @param maxConnections open at once; more are closed as they come. Each takes 8 kB of the heap
 */
public record HttpLimits(
        int maxBody,
        Duration readTimeout,
        Duration writeTimeout,
        Duration idleTimeout,
        int maxConnections) {
    private static final int MIB = 1024 * 1024;

    /**
     * The limits of the bus: {@code EVENT_BUS_READ_TIMEOUT} and so on; the largest body is a batch,
     * {@code EVENT_BUS_MAX_BATCH_BYTES}.
     */
    public static HttpLimits bus(SettingsReader settings) {
        return from(settings, "EVENT_BUS_", "EVENT_BUS_MAX_BATCH_BYTES", 8 * MIB);
    }

    /** The limits of live-ops: {@code SERVER_READ_TIMEOUT} and so on. */
    public static HttpLimits liveops(SettingsReader settings) {
        return from(settings, "SERVER_", "SERVER_MAX_BODY_BYTES", MIB);
    }

    /** The longest that a connection may be silent, whatever it waits for. */
    Duration longest() {
        return Collections.max(List.of(readTimeout, writeTimeout, idleTimeout));
    }

    private static HttpLimits from(
            SettingsReader settings, String prefix, String maxBody, int bytes) {
        Duration longest = Duration.ofHours(1);
        return new HttpLimits(
                settings.integer(maxBody, bytes, 1024, 64 * MIB),
                settings.duration(
                        prefix + "READ_TIMEOUT",
                        Duration.ofSeconds(30),
                        Duration.ofMillis(100),
                        longest),
                settings.duration(
                        prefix + "WRITE_TIMEOUT",
                        Duration.ofSeconds(30),
                        Duration.ofMillis(100),
                        longest),
                settings.duration(
                        prefix + "IDLE_TIMEOUT",
                        Duration.ofSeconds(120),
                        Duration.ofMillis(100),
                        longest),
                settings.integer(prefix + "MAX_CONNECTIONS", 2_500, 1, 1_000_000));
    }
}
