package dev.jubilee.server.config;

import java.util.Comparator;
import java.util.List;
import java.util.Set;

/** The names that a configuration file may give: a misspelt one would pass for a default. */
final class KnownNames {
    /** What the documented file holds and this version does not act on. */
    private static final Set<String> WITHOUT_EFFECT =
            Set.of(
                    "DATABASE_SSL_MODE",
                    "REDIS_URL",
                    "REDIS_POOL_SIZE",
                    "KAFKA_TOPIC_PREFIX",
                    "CHAOS_BACKEND_URL",
                    "CHAOS_BACKEND_TIMEOUT",
                    "CHAOS_BACKEND_RETRIES",
                    "NOTIFICATION_SERVICE_URL",
                    "NOTIFICATION_SERVICE_TIMEOUT",
                    "NOTIFICATION_SERVICE_RETRIES",
                    "ANALYTICS_SERVICE_URL",
                    "ANALYTICS_SERVICE_TIMEOUT",
                    "ANALYTICS_SERVICE_RETRIES",
                    "EVENT_CACHE_TTL",
                    "MAX_SCHEDULES",
                    "TIMEZONE_DEFAULT",
                    "CRON_TIMEZONE",
                    "SCHEDULE_RETRY_ATTEMPTS",
                    "SCHEDULE_RETRY_DELAY",
                    "REWARD_VALIDATION_ENABLED",
                    "REWARD_AUDIT_LOGGING",
                    "EVENT_START_NOTIFICATION",
                    "EVENT_END_NOTIFICATION",
                    "REWARD_AVAILABLE_NOTIFICATION",
                    "REMINDER_NOTIFICATIONS",
                    "NOTIFICATION_CHANNELS");

    private final Set<String> settings;

    /**
     * @param settings the names that are read
     */
    KnownNames(Set<String> settings) {
        this.settings = Set.copyOf(settings);
    }

    boolean contains(String name) {
        return settings.contains(name) || WITHOUT_EFFECT.contains(name);
    }

    boolean isWithoutEffect(String name) {
        return !settings.contains(name) && WITHOUT_EFFECT.contains(name);
    }

    /**
     * The setting that one of these was most likely meant to be.
     *
     * @param spellings ways to read what was written
     */
    String nearest(List<String> spellings) {
        return settings.stream()
                .sorted()
                .min(
                        Comparator.comparingInt(known ->
                                spellings.stream()
                                        .mapToInt(name -> distance(name, known))
                                        .min()
                                        .orElse(0)))
                .orElse("");
    }

    /** Letters to add, drop or change, by Levenshtein. */
    private static int distance(String one, String other) {
        int[] row = new int[other.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= one.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j < row.length; j++) {
                int changed = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(changed, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[other.length()];
    }
}
