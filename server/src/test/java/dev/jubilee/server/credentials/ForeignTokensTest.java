package dev.jubilee.server.credentials;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpServer;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import dev.jubilee.server.testing.MutableClock;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Date;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ForeignTokensTest {
    private final MutableClock clock = new MutableClock();
    private final AtomicInteger fetched = new AtomicInteger();
    private RSAKey key;
    private HttpServer issuer;
    private ForeignTokens tokens;

    @BeforeEach
    void start() throws Exception {
        key = new RSAKeyGenerator(2048).keyID("k1").generate();
        byte[] published =
                new JWKSet(key.toPublicJWK()).toString().getBytes(StandardCharsets.UTF_8);
        issuer = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        issuer.createContext(
                "/jwks",
                exchange -> {
                    fetched.incrementAndGet();
                    exchange.sendResponseHeaders(200, published.length);
                    exchange.getResponseBody().write(published);
                    exchange.close();
                });
        issuer.start();
        URI url = URI.create("http://127.0.0.1:" + issuer.getAddress().getPort() + "/jwks");
        tokens =
                new ForeignTokens(
                        new CredentialSettings.Foreign(url, "https://idp", "game", "role"), clock);
    }

    @AfterEach
    void stop() {
        issuer.stop(0);
    }

    private JWTClaimsSet.Builder claims() {
        return new JWTClaimsSet.Builder()
                .issuer("https://idp")
                .audience("game")
                .subject("ann")
                .expirationTime(Date.from(clock.instant().plusSeconds(120)));
    }

    private String sign(JWTClaimsSet claims) throws Exception {
        return sign(JWSAlgorithm.RS256, "k1", new RSASSASigner(key), claims);
    }

    private static String sign(
            JWSAlgorithm algorithm, String kid, JWSSigner signer, JWTClaimsSet claims)
            throws Exception {
        SignedJWT jwt =
                new SignedJWT(
                        new JWSHeader.Builder(algorithm)
                                .type(JOSEObjectType.JWT)
                                .keyID(kid)
                                .build(),
                        claims);
        jwt.sign(signer);
        return jwt.serialize();
    }

    private @Nullable Principal find(JWTClaimsSet claims) throws Exception {
        return tokens.find(sign(claims));
    }

    @Test
    void aTokenOfTheIssuerIsTakenAndRememberedAsLongAsItLives() throws Exception {
        String token = sign(claims().build());
        assertThat(tokens.known(token)).isNull();
        assertThat(tokens.find(token)).isEqualTo(new Principal("ann", Role.PLAYER));
        assertThat(tokens.known(token)).isEqualTo(new Principal("ann", Role.PLAYER));
        clock.advance(Duration.ofMinutes(2));
        assertThat(tokens.known(token)).isNull();
    }

    @Test
    void theRoleComesFromTheClaim() throws Exception {
        assertThat(find(claims().claim("role", "service").build()))
                .isEqualTo(new Principal("ann", Role.SERVICE));
        assertThat(find(claims().claim("role", List.of("player", "admin", "x")).build()))
                .isEqualTo(new Principal("ann", Role.ADMIN));
        assertThat(find(claims().claim("role", "root").build())).isNull();
        assertThat(find(claims().claim("role", "anonymous").build())).isNull();
    }

    @Test
    void whatTheTokenSaysIsChecked() throws Exception {
        assertThat(find(claims().issuer("https://other").build())).isNull();
        assertThat(find(claims().audience("other").build())).isNull();
        assertThat(find(claims().subject(null).build())).isNull();
        assertThat(find(claims().expirationTime(null).build())).isNull();
        assertThat(find(claims().expirationTime(at(-31)).build())).isNull();
        assertThat(find(claims().notBeforeTime(at(31)).build())).isNull();
        assertThat(find(claims().notBeforeTime(at(-1)).build())).isNotNull();
    }

    private Date at(int seconds) {
        return Date.from(clock.instant().plusSeconds(seconds));
    }

    @Test
    void thePublicKeyIsNoHmacSecret() throws Exception {
        byte[] asSecret = key.toPublicKey().getEncoded();
        assertThat(
                        tokens.find(
                                sign(
                                        JWSAlgorithm.HS256,
                                        "k1",
                                        new MACSigner(asSecret),
                                        claims().build())))
                .isNull();
        byte[] pem = key.toPublicJWK().toJSONString().getBytes(StandardCharsets.UTF_8);
        assertThat(
                        tokens.find(
                                sign(
                                        JWSAlgorithm.HS256,
                                        "k1",
                                        new MACSigner(pem),
                                        claims().build())))
                .isNull();
    }

    @Test
    void anUnsignedTokenIsRefused() {
        assertThat(tokens.find(new PlainJWT(claims().build()).serialize())).isNull();
    }

    @Test
    void aKeyThatTheIssuerDoesNotPublishIsRefused() throws Exception {
        RSAKey other = new RSAKeyGenerator(2048).keyID("k1").generate();
        JWTClaimsSet claims = claims().build();
        assertThat(tokens.find(sign(JWSAlgorithm.RS256, "k1", new RSASSASigner(other), claims)))
                .isNull();
        assertThat(tokens.find(sign(JWSAlgorithm.RS256, "k9", new RSASSASigner(other), claims)))
                .isNull();
    }

    @Test
    void aTokenThatWasTamperedWithIsRefused() throws Exception {
        String token = sign(claims().build());
        int payload = token.indexOf('.') + 10;
        char other = token.charAt(payload) == 'A' ? 'B' : 'A';
        assertThat(tokens.find(token.substring(0, payload) + other + token.substring(payload + 1)))
                .isNull();
        assertThat(tokens.find("nonsense")).isNull();
        assertThat(tokens.find("a.b.c")).isNull();
    }

    @Test
    void theKeysAreFetchedOnceForManyTokens() throws Exception {
        for (int i = 0; i < 20; i++) {
            assertThat(find(claims().subject("p" + i).build())).isNotNull();
        }
        assertThat(fetched).hasValue(1);
    }

    @Test
    void anIssuerThatIsDownRefusesNewTokensAndNothingElse() throws Exception {
        issuer.stop(0);
        assertThat(find(claims().build())).isNull();
    }
}
