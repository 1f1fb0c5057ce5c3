package dev.jubilee.server.bus.subscriptions;

import dev.jubilee.server.json.Json;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The secrets that sign a webhook's deliveries, the newest first. A rotated one signs along for a
 * while, so that the receiver can change over without losing any.
 */
public record SigningSecrets(List<Secret> secrets) {
    private static final String PREFIX = "whsec_";
    private static final int BYTES = 32;
    private static final int MOST = 5;

    /** How long a rotated secret still signs. */
    public static final Duration OVERLAP = Duration.ofHours(24);

    /**
     * @param text {@code whsec_} and Base64
     * @param until when it signs no more; null for the newest
     */
    public record Secret(String text, @Nullable Instant until) {
        /** The key that the text stands for. */
        public byte[] key() {
            return Base64.getDecoder().decode(text.substring(PREFIX.length()));
        }
    }

    public SigningSecrets {
        secrets = List.copyOf(secrets);
    }

    /** One new secret. */
    static SigningSecrets make(SecureRandom random) {
        return new SigningSecrets(List.of(new Secret(text(random), null)));
    }

    /** A new secret before those that are there, which end after the overlap. */
    SigningSecrets rotated(SecureRandom random, Instant now) {
        List<Secret> all = new ArrayList<>();
        all.add(new Secret(text(random), null));
        for (Secret old : current(now)) {
            all.add(old.until() == null ? new Secret(old.text(), now.plus(OVERLAP)) : old);
        }
        return new SigningSecrets(all.subList(0, Math.min(all.size(), MOST)));
    }

    /** The secrets that sign at that moment. */
    public List<Secret> current(Instant now) {
        return secrets.stream()
                .filter(secret -> secret.until() == null || now.isBefore(secret.until()))
                .toList();
    }

    String newest() {
        return secrets.getFirst().text();
    }

    private static String text(SecureRandom random) {
        byte[] bytes = new byte[BYTES];
        random.nextBytes(bytes);
        return PREFIX + Base64.getEncoder().encodeToString(bytes);
    }

    static SigningSecrets parse(String json) {
        return Json.read(json, SigningSecrets.class);
    }
}
