package dev.jubilee.server.outbox;

import dev.jubilee.server.config.SettingsReader;
import java.time.Duration;

/**
 * How the outbox is emptied.
 *
 * @param poll how long the relay rests when there is nothing to do; the delay that an event has at
 *     most
 * @param standby how often an instance that does not relay looks whether it has to take over
 * @param retry how long it rests after a failure
 * @param rows rows that are under way at once, each of up to 1,000 events
 * @param rate events a second while more are being written: telling of a rush must not slow the
 *     rush. What is late by more than five seconds goes out in proportion faster, so that a rush
 *     that never ends is told of some seconds late; what has gathered follows at full speed once
 *     the writers pause
 */
public record OutboxSettings(Duration poll, Duration standby, Duration retry, int rows, int rate) {
    /** The settings without any being given. */
    public static final OutboxSettings DEFAULT =
            new OutboxSettings(
                    Duration.ofMillis(25),
                    Duration.ofSeconds(1),
                    Duration.ofMillis(500),
                    24,
                    2_000);

    public static OutboxSettings from(SettingsReader settings) {
        return new OutboxSettings(
                settings.duration(
                        "JUBILEE_OUTBOX_POLL",
                        DEFAULT.poll,
                        Duration.ofMillis(1),
                        Duration.ofSeconds(10)),
                settings.duration(
                        "JUBILEE_OUTBOX_STANDBY",
                        DEFAULT.standby,
                        Duration.ofMillis(10),
                        Duration.ofMinutes(1)),
                settings.duration(
                        "JUBILEE_OUTBOX_RETRY",
                        DEFAULT.retry,
                        Duration.ofMillis(10),
                        Duration.ofMinutes(1)),
                settings.integer("JUBILEE_OUTBOX_ROWS", DEFAULT.rows, 1, 1_000),
                settings.integer("JUBILEE_OUTBOX_RATE", DEFAULT.rate, 100, 10_000_000));
    }
}
