package dev.jubilee.server.credentials;

import dev.jubilee.server.config.SettingsReader;
import java.net.URI;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How callers prove who they are.
 *
 * @param playerTokenTtl of a player token, when its maker names none
 * @param playerTokenMaxTtl the longest that a maker may name
 * @param tokenKeyRotation how long one secret signs
 * @param foreign whose tokens are taken beside our own; null: nobody's
 */
public record CredentialSettings(
        Duration playerTokenTtl,
        Duration playerTokenMaxTtl,
        Duration tokenKeyRotation,
        @Nullable Foreign foreign) {

    /**
     * Another issuer.
     *
     * @param jwksUrl where its public keys are
     * @param issuer what {@code iss} must be
     * @param audience what {@code aud} must contain
     * @param roleClaim which claim holds the role, or a list of roles; a token without it is a
     *     player's
     */
    public record Foreign(URI jwksUrl, String issuer, String audience, String roleClaim) {}

    /**
     * Reads {@code PLAYER_TOKEN_TTL}, {@code PLAYER_TOKEN_MAX_TTL}, {@code TOKEN_KEY_ROTATION},
     * {@code JWT_JWKS_URL}, {@code JWT_ISSUER}, {@code JWT_AUDIENCE} and {@code JWT_ROLE_CLAIM}.
     */
    public static CredentialSettings from(SettingsReader settings) {
        Duration second = Duration.ofSeconds(1);
        Duration max =
                settings.duration(
                        "PLAYER_TOKEN_MAX_TTL", Duration.ofDays(1), second, Duration.ofDays(30));
        Duration ttl =
                settings.duration(
                        "PLAYER_TOKEN_TTL", Duration.ofHours(1), second, Duration.ofDays(30));
        if (ttl.compareTo(max) > 0) {
            settings.fault(
                    "PLAYER_TOKEN_TTL",
                    ttl.toString(),
                    "no more than PLAYER_TOKEN_MAX_TTL, which is " + max);
        }
        Duration rotation =
                settings.duration(
                        "TOKEN_KEY_ROTATION",
                        Duration.ofDays(1),
                        Duration.ofMinutes(1),
                        Duration.ofDays(365));
        return new CredentialSettings(ttl, max, rotation, foreign(settings));
    }

    private static @Nullable Foreign foreign(SettingsReader settings) {
        String url = settings.optionalText("JWT_JWKS_URL");
        String issuer = settings.optionalText("JWT_ISSUER");
        String audience = settings.optionalText("JWT_AUDIENCE");
        String roleClaim = settings.text("JWT_ROLE_CLAIM", "role");
        if (url == null) {
            refuseWithoutKeys(settings, "JWT_ISSUER", issuer);
            refuseWithoutKeys(settings, "JWT_AUDIENCE", audience);
            return null;
        }
        if (issuer == null) {
            settings.fault("JWT_ISSUER", "", "the issuer whose keys are at JWT_JWKS_URL");
        }
        if (audience == null) {
            settings.fault("JWT_AUDIENCE", "", "the audience that tokens for this platform name");
        }
        URI uri = uri(url);
        if (uri == null) {
            settings.fault("JWT_JWKS_URL", url, "an http or https URL");
        }
        return uri == null || issuer == null || audience == null
                ? null
                : new Foreign(uri, issuer, audience, roleClaim);
    }

    /** A token of that issuer would be refused by everyone, for a reason that nobody sees. */
    private static void refuseWithoutKeys(
            SettingsReader settings, String name, @Nullable String given) {
        if (given != null) {
            settings.fault(name, given, "nothing, unless JWT_JWKS_URL says where the keys are");
        }
    }

    private static @Nullable URI uri(String text) {
        try {
            URI uri = URI.create(text);
            boolean web = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
            return web && uri.getHost() != null ? uri : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
