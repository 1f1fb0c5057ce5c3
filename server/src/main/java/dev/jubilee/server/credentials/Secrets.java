package dev.jubilee.server.credentials;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;

/** Random secrets and their hashes. Thread-safe. */
final class Secrets {
    static final int BYTES = 32;

    private final SecureRandom random = new SecureRandom();

    /** 256 random bits. */
    byte[] bytes() {
        byte[] bytes = new byte[BYTES];
        random.nextBytes(bytes);
        return bytes;
    }

    /** 256 random bits as 43 characters of base64url. */
    String text() {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes());
    }

    static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256")
                    .digest(text.getBytes(StandardCharsets.ISO_8859_1));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
