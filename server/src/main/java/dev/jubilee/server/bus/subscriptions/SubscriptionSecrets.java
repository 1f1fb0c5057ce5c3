package dev.jubilee.server.bus.subscriptions;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.jubilee.server.json.Json;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens and seals what a subscription keeps encrypted. What was opened last is remembered: every
 * request to an endpoint needs it, and opening costs more than signing. Thread-safe.
 */
public final class SubscriptionSecrets {
    private static final Logger log = LoggerFactory.getLogger(SubscriptionSecrets.class);
    private static final int REMEMBERED = 10_000;

    private final SecretBox box;
    private final Cache<UUID, Opened<String>> tokens = remembering();
    private final Cache<UUID, Opened<SigningSecrets>> signing = remembering();
    private final SecureRandom random = new SecureRandom();

    public SubscriptionSecrets(SecretBox box) {
        this.box = box;
    }

    /** What was sealed so, opened: of no use when the subscription has been sealed anew since. */
    private record Opened<T>(String sealed, T value) {}

    private static <T> Cache<UUID, Opened<T>> remembering() {
        return Caffeine.newBuilder().maximumSize(REMEMBERED).build();
    }

    private static <T> T open(
            Cache<UUID, Opened<T>> cache, UUID id, String sealed, Supplier<T> opening) {
        Opened<T> known = cache.getIfPresent(id);
        if (known == null || !known.sealed.equals(sealed)) {
            known = new Opened<>(sealed, opening.get());
            cache.put(id, known);
        }
        return known.value;
    }

    /**
     * The token that an endpoint wants to see; null when it wants none.
     *
     * @throws SecretBox.Undecipherable when it was encrypted with another key
     */
    public @Nullable String authToken(Subscription it) {
        String sealed = it.authToken();
        return sealed == null
                ? null
                : open(tokens, it.id(), sealed, () -> box.open(sealed, "auth_token " + it.id()));
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

    /** With a new secret; the old ones sign along for a while, unless their key is lost. */
    SigningSecrets rotated(Subscription it, Instant now) {
        try {
            return all(it).rotated(random, now);
        } catch (SecretBox.Undecipherable e) {
            log.warn("the new secret of {} stands alone: the old one {}", it.id(), e.getMessage());
            return make();
        }
    }

    String seal(Subscription it, SigningSecrets secrets) {
        return box.seal(Json.text(secrets), "signing_secrets " + it.id());
    }

    private SigningSecrets all(Subscription it) {
        String sealed = it.signingSecrets();
        if (sealed == null) {
            throw new IllegalStateException(it.id() + " has no signing secrets");
        }
        return open(
                signing,
                it.id(),
                sealed,
                () -> SigningSecrets.parse(box.open(sealed, "signing_secrets " + it.id())));
    }
}
