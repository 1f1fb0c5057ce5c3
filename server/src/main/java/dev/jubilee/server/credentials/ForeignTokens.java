package dev.jubilee.server.credentials;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.jwk.source.RateLimitReachedException;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import dev.jubilee.server.security.PlayerId;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import java.net.MalformedURLException;
import java.net.URI;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Date;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tokens of another issuer, verified with the public keys it publishes. Only asymmetric signatures
 * are taken, so that neither {@code none} nor an HMAC under a public key passes. What was verified
 * is remembered for five minutes and no longer than the token lives. Thread-safe.
 */
final class ForeignTokens {
    private static final Logger log = LoggerFactory.getLogger(ForeignTokens.class);
    private static final int MAX_REMEMBERED = 5_000;
    private static final int TIMEOUT_MILLIS = 3_000;
    private static final int MAX_JWKS_BYTES = 256 * 1024;
    private static final int CLOCK_SKEW_SECONDS = 30;
    private static final Set<JWSAlgorithm> ALGORITHMS =
            Set.of(
                    JWSAlgorithm.RS256,
                    JWSAlgorithm.RS384,
                    JWSAlgorithm.RS512,
                    JWSAlgorithm.PS256,
                    JWSAlgorithm.PS384,
                    JWSAlgorithm.PS512,
                    JWSAlgorithm.ES256,
                    JWSAlgorithm.ES384,
                    JWSAlgorithm.ES512);
    private static final List<Role> STRONGEST_FIRST =
            List.of(Role.ADMIN, Role.OPERATOR, Role.SERVICE, Role.PLAYER);

    private record Verified(Principal principal, Instant expiresAt) {}

    private final CredentialSettings.Foreign settings;
    private final InstantSource clock;
    private final DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
    private final Cache<String, Verified> verified =
            Caffeine.newBuilder()
                    .maximumSize(MAX_REMEMBERED)
                    .expireAfterWrite(Duration.ofMinutes(5))
                    .build();

    private final AtomicBoolean failing = new AtomicBoolean();

    ForeignTokens(CredentialSettings.Foreign settings, InstantSource clock) {
        this.settings = settings;
        this.clock = clock;
        processor.setJWSTypeVerifier(
                new DefaultJOSEObjectTypeVerifier<>(
                        JOSEObjectType.JWT, new JOSEObjectType("at+jwt"), null));
        processor.setJWSKeySelector(
                new JWSVerificationKeySelector<>(ALGORITHMS, keys(settings.jwksUrl())));
        processor.setJWTClaimsSetVerifier(claims());
    }

    private static JWKSource<SecurityContext> keys(URI url) {
        try {
            return JWKSourceBuilder.create(
                            url.toURL(),
                            new DefaultResourceRetriever(
                                    TIMEOUT_MILLIS, TIMEOUT_MILLIS, MAX_JWKS_BYTES))
                    .retrying(true)
                    .outageTolerant(Duration.ofHours(1).toMillis())
                    .build();
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException("not a URL: " + url, e);
        }
    }

    private DefaultJWTClaimsVerifier<SecurityContext> claims() {
        JWTClaimsSet exact = new JWTClaimsSet.Builder().issuer(settings.issuer()).build();
        var verifier =
                new DefaultJWTClaimsVerifier<SecurityContext>(
                        Set.of(settings.audience()), exact, Set.of("sub", "exp"), Set.of()) {
                    @Override
                    protected Date currentTime() {
                        return Date.from(clock.instant());
                    }
                };
        verifier.setMaxClockSkew(CLOCK_SKEW_SECONDS);
        return verifier;
    }

    /** Whom a token speaks for that was verified lately; never blocks. */
    @Nullable Principal known(String token) {
        Verified known = verified.getIfPresent(token);
        return known == null || !clock.instant().isBefore(known.expiresAt())
                ? null
                : known.principal();
    }

    /** Whom a token speaks for; may fetch the issuer's keys. */
    @Nullable Principal find(String token) {
        try {
            JWTClaimsSet claims = processor.process(token, null);
            failing.set(false);
            Role role = role(claims.getClaim(settings.roleClaim()));
            String subject = claims.getSubject();
            if (role == null || !PlayerId.isOne(subject)) {
                return null;
            }
            Principal principal = new Principal(subject, role);
            verified.put(token, new Verified(principal, claims.getExpirationTime().toInstant()));
            return principal;
        } catch (ParseException | BadJOSEException e) {
            return null;
        } catch (RateLimitReachedException e) {
            // Its key is not known, and was looked for a moment ago: a key that was made up.
            return null;
        } catch (JOSEException e) {
            if (!failing.getAndSet(true)) {
                log.warn("tokens of {} cannot be verified: {}", settings.issuer(), e.getMessage());
            }
            return null;
        }
    }

    private static @Nullable Role role(@Nullable Object claim) {
        List<String> named =
                switch (claim) {
                    case null -> List.of(Role.PLAYER.text());
                    case String one -> List.of(one);
                    case List<?> many -> texts(many.stream());
                    default -> List.of();
                };
        return STRONGEST_FIRST.stream()
                .filter(role -> named.contains(role.text()))
                .findFirst()
                .orElse(null);
    }

    private static List<String> texts(Stream<?> values) {
        return values.filter(String.class::isInstance).map(String.class::cast).toList();
    }
}
