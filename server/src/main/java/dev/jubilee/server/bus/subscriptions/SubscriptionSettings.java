package dev.jubilee.server.bus.subscriptions;

import dev.jubilee.server.config.SettingsReader;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The defaults of new subscriptions.
 *
 * @param maxRetries tries after the first
 * @param retryBackoff the first pause of a growing policy
 * @param batchSize events a delivery, where batching is enabled
 * @param startFrom {@code now} or {@code beginning}
 * @param secretKey Base64 of 32 bytes that encrypt tokens and secrets; null to keep one in the data
 *     folder
 */
public record SubscriptionSettings(
        int maxRetries,
        Duration retryBackoff,
        int batchSize,
        String startFrom,
        @Nullable String secretKey) {
    /** Events that one delivery may hold. */
    static final int MAX_BATCH = 1_000;

    /** Tries after the first that anybody may ask for. */
    static final int MAX_RETRIES = 100;

    /** Reads {@code EVENT_BUS_MAX_RETRY_ATTEMPTS} and its neighbours. */
    public static SubscriptionSettings from(SettingsReader reader) {
        return new SubscriptionSettings(
                reader.integer("EVENT_BUS_MAX_RETRY_ATTEMPTS", 3, 0, MAX_RETRIES),
                reader.duration(
                        "EVENT_BUS_RETRY_BACKOFF",
                        Duration.ofSeconds(1),
                        Duration.ofMillis(1),
                        Duration.ofHours(1)),
                reader.integer("EVENT_BUS_BATCH_SIZE", 100, 1, MAX_BATCH),
                startFrom(reader),
                secretKey(reader));
    }

    private static String startFrom(SettingsReader reader) {
        String reset = reader.text("KAFKA_AUTO_OFFSET_RESET", "latest");
        return switch (reset) {
            case "latest" -> StartFrom.NOW;
            case "earliest" -> StartFrom.BEGINNING;
            default -> {
                reader.fault("KAFKA_AUTO_OFFSET_RESET", reset, "latest or earliest");
                yield StartFrom.NOW;
            }
        };
    }

    private static @Nullable String secretKey(SettingsReader reader) {
        String key = reader.optionalText("JUBILEE_SECRET_KEY");
        if (key != null && !SecretBox.isKey(key)) {
            reader.fault("JUBILEE_SECRET_KEY", "(hidden)", "32 bytes in Base64");
        }
        return key;
    }
}
