package dev.jubilee.server.credentials;

import dev.jubilee.server.security.Role;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** An API key as it may be shown: all but the secret, which nobody has but its holder. */
public record ApiKey(
        UUID keyId, String name, Role role, Instant createdAt, @Nullable Instant revokedAt) {

    /**
     * A key that was just made.
     *
     * @param secret what its holder sends; shown this once, only its SHA-256 is kept
     */
    public record Made(ApiKey key, String secret) {}
}
