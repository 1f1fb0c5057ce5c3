package dev.jubilee.server.credentials;

import dev.jubilee.server.credentials.TokenKeys.TokenKey;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.security.PlayerId;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.crypto.Mac;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * Our own tokens: JWTs that let a player act as itself, signed HS256. Verifying one costs about two
 * microseconds and no look-up, so that an event loop does it for every request. The header must be,
 * to the letter, one that we write: a token cannot choose how it is verified. Thread-safe.
 */
final class PlayerTokens {
    private static final String ISSUER = "jubilee";
    private static final Base64.Decoder DECODER = Base64.getUrlDecoder();
    private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();

    /** A token that was just made. */
    record Made(String token, Instant expiresAt) {}

    /** A Mac that is ready for the key it was used with last. */
    private static final class Signer {
        private final Mac mac;
        private @Nullable TokenKey key;

        Signer() {
            try {
                mac = Mac.getInstance("HmacSHA256");
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every JDK has HmacSHA256", e);
            }
        }

        byte[] sign(TokenKey with, byte[] text, int length) {
            if (!with.equals(key)) {
                try {
                    mac.init(with.secret());
                } catch (InvalidKeyException e) {
                    throw new IllegalStateException("a token key is no HMAC key", e);
                }
                key = with;
            }
            mac.update(text, 0, length);
            return mac.doFinal();
        }
    }

    private final TokenKeys keys;
    private final InstantSource clock;
    private final ThreadLocal<Signer> signers = ThreadLocal.withInitial(Signer::new);

    PlayerTokens(TokenKeys keys, InstantSource clock) {
        this.keys = keys;
        this.clock = clock;
    }

    /** Makes a token for a player; may ask the database for a key. */
    Made make(String userId, Duration ttl) {
        TokenKey key = keys.signing();
        Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
        Instant expiresAt = now.plus(ttl);
        Map<String, Object> claims = new LinkedHashMap<>();
        claims.put("iss", ISSUER);
        claims.put("sub", userId);
        claims.put("role", Role.PLAYER.text());
        claims.put("iat", now.getEpochSecond());
        claims.put("exp", expiresAt.getEpochSecond());
        String text = key.header() + "." + ENCODER.encodeToString(Json.bytes(claims));
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        byte[] signature = signers.get().sign(key, bytes, bytes.length);
        return new Made(text + "." + ENCODER.encodeToString(signature), expiresAt);
    }

    /** The player that a token speaks for, by the keys that are known here; never blocks. */
    @Nullable Principal verify(String token) {
        int first = token.indexOf('.');
        int second = token.indexOf('.', first + 1);
        if (first < 0 || second < 0 || token.indexOf('.', second + 1) >= 0) {
            return null;
        }
        TokenKey key = keys.known(token.substring(0, first));
        if (key == null) {
            return null;
        }
        byte[] bytes = token.getBytes(StandardCharsets.ISO_8859_1);
        try {
            byte[] given = DECODER.decode(token.substring(second + 1));
            if (!MessageDigest.isEqual(given, signers.get().sign(key, bytes, second))) {
                return null;
            }
            return player(DECODER.decode(token.substring(first + 1, second)));
        } catch (IllegalArgumentException | JacksonException e) {
            return null;
        }
    }

    /** The same, after asking the database for the key when it is not known here. */
    @Nullable Principal find(String token) {
        int first = token.indexOf('.');
        return first < 0 || keys.find(token.substring(0, first)) == null ? null : verify(token);
    }

    private @Nullable Principal player(byte[] claims) {
        String issuer = null;
        String subject = null;
        String role = null;
        long expires = Long.MIN_VALUE;
        long notBefore = Long.MIN_VALUE;
        try (JsonParser parser = Json.mapper().createParser(claims)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                switch (name) {
                    case "iss" -> issuer = parser.getString();
                    case "sub" -> subject = parser.getString();
                    case "role" -> role = parser.getString();
                    case "exp" -> expires = parser.getLongValue();
                    case "nbf" -> notBefore = parser.getLongValue();
                    default -> parser.skipChildren();
                }
            }
        }
        long now = clock.instant().getEpochSecond();
        boolean valid =
                ISSUER.equals(issuer)
                        && "player".equals(role)
                        && now < expires
                        && now >= notBefore
                        && subject != null
                        && PlayerId.isOne(subject);
        return valid && subject != null ? new Principal(subject, Role.PLAYER) : null;
    }
}
