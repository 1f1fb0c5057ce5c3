package dev.jubilee.server.bus.subscriptions;

import dev.jubilee.server.json.Json;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Opens and seals what a subscription keeps encrypted. Thread-safe. */
public final class SubscriptionSecrets {
    private final SecretBox box;
    private final SecureRandom random = new SecureRandom();

    public SubscriptionSecrets(SecretBox box) {
        this.box = box;
    }

    /**
     * The token that an endpoint wants to see; null when it wants none.
     *
     * @throws SecretBox.Undecipherable when it was encrypted with another key
     */
    public @Nullable String authToken(Subscription it) {
        return it.authToken() == null ? null : box.open(it.authToken(), "auth_token " + it.id());
    }

    /**
     * The secrets that sign now, the newest first.
     *
     * @throws SecretBox.Undecipherable when they were encrypted with another key
     */
    public List<SigningSecrets.Secret> signing(Subscription it, Instant now) {
        return it.signingSecrets() == null ? List.of() : all(it).current(now);
    }

    String sealToken(Subscription it, String token) {
        return box.seal(token, "auth_token " + it.id());
    }

    SigningSecrets make() {
        return SigningSecrets.make(random);
    }

    SigningSecrets rotated(Subscription it, Instant now) {
        return all(it).rotated(random, now);
    }

    String seal(Subscription it, SigningSecrets secrets) {
        return box.seal(Json.text(secrets), "signing_secrets " + it.id());
    }

    private SigningSecrets all(Subscription it) {
        if (it.signingSecrets() == null) {
            throw new IllegalStateException(it.id() + " has no signing secrets");
        }
        return SigningSecrets.parse(box.open(it.signingSecrets(), "signing_secrets " + it.id()));
    }
}
