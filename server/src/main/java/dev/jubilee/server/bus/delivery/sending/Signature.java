package dev.jubilee.server.bus.delivery.sending;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.jubilee.server.bus.subscriptions.SigningSecrets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Signs as <a
 * href="https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md">Standard
 * Webhooks 1.0</a> says: HMAC-SHA256 over id, timestamp and body, once with each secret.
 */
final class Signature {
    private Signature() {}

    /** The value of {@code webhook-signature}. */
    static String of(
            List<SigningSecrets.Secret> secrets, String id, Instant timestamp, byte[] body) {
        byte[] head = (id + "." + timestamp.getEpochSecond() + ".").getBytes(UTF_8);
        StringBuilder signatures = new StringBuilder();
        for (SigningSecrets.Secret secret : secrets) {
            signatures
                    .append(signatures.isEmpty() ? "" : " ")
                    .append("v1,")
                    .append(Base64.getEncoder().encodeToString(hmac(secret.key(), head, body)));
        }
        return signatures.toString();
    }

    private static byte[] hmac(byte[] key, byte[] head, byte[] body) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            mac.update(head);
            return mac.doFinal(body);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HmacSHA256", e);
        }
    }
}
