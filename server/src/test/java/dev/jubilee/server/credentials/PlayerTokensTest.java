package dev.jubilee.server.credentials;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.MACVerifier;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.testing.Platform;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class PlayerTokensTest {
    @RegisterExtension static final Platform platform = new Platform();

    @TempDir Path home;
    private Instance one;

    @BeforeEach
    void start() {
        one = new Instance(platform, home, Instance.SETTINGS, true);
    }

    @AfterEach
    void stop() {
        one.close();
    }

    private String token(String userId, String more) throws Exception {
        HttpResponse<String> made =
                one.server.post(
                        "/tokens",
                        "{\"user_id\":\"" + userId + "\"" + more + "}",
                        "Authorization",
                        one.asAdmin());
        assertThat(made.statusCode()).isEqualTo(201);
        return Json.tree(made.body()).path("token").stringValue();
    }

    private int status(String token) throws Exception {
        return one.statusOf("Bearer " + token);
    }

    private byte[] secret(String kid) throws Exception {
        try (var connection = platform.connection();
                var select =
                        connection.prepareStatement(
                                "SELECT secret FROM platform.token_keys WHERE kid = ?")) {
            select.setString(1, kid);
            var row = select.executeQuery();
            row.next();
            return row.getBytes(1);
        }
    }

    private static JWTClaimsSet.Builder claims(Instant now) {
        return new JWTClaimsSet.Builder()
                .issuer("jubilee")
                .subject("ann")
                .claim("role", "player")
                .issueTime(Date.from(now))
                .expirationTime(Date.from(now.plusSeconds(60)));
    }

    private static String sign(
            JWSAlgorithm algorithm, String kid, byte[] secret, JWTClaimsSet claims)
            throws Exception {
        SignedJWT jwt =
                new SignedJWT(
                        new JWSHeader.Builder(algorithm)
                                .type(JOSEObjectType.JWT)
                                .keyID(kid)
                                .build(),
                        claims);
        jwt.sign(new MACSigner(secret));
        return jwt.serialize();
    }

    @Test
    void aTokenLetsAPlayerInAsItself() throws Exception {
        String me = one.server.get("/me", "Authorization", "Bearer " + token("ann é", "")).body();
        assertThat(Json.tree(me)).isEqualTo(Json.tree("{\"id\":\"ann é\",\"role\":\"player\"}"));
    }

    @Test
    void anotherLibraryVerifiesIt() throws Exception {
        SignedJWT jwt = SignedJWT.parse(token("ann", ",\"ttl_seconds\":90"));
        assertThat(jwt.verify(new MACVerifier(secret(jwt.getHeader().getKeyID())))).isTrue();
        assertThat(jwt.getHeader().getAlgorithm()).isEqualTo(JWSAlgorithm.HS256);
        assertThat(jwt.getJWTClaimsSet().getSubject()).isEqualTo("ann");
        assertThat(jwt.getJWTClaimsSet().getExpirationTime().toInstant())
                .isEqualTo(platform.clock().instant().plusSeconds(90));
    }

    @Test
    void anExpiredTokenIsRefused() throws Exception {
        String token = token("ann", ",\"ttl_seconds\":10");
        platform.clock().advance(Duration.ofSeconds(9));
        assertThat(status(token)).isEqualTo(200);
        platform.clock().advance(Duration.ofSeconds(1));
        assertThat(status(token)).isEqualTo(401);
    }

    @Test
    void aTokenThatWasTamperedWithIsRefused() throws Exception {
        String token = token("ann", "");
        for (int i = 0; i < token.length() - 1; i++) {
            char other = token.charAt(i) == 'A' ? 'B' : 'A';
            String tampered = token.substring(0, i) + other + token.substring(i + 1);
            assertThat(one.credentials.cached("Bearer " + tampered)).isNull();
        }
        assertThat(status(token.substring(0, token.lastIndexOf('.') + 1))).isEqualTo(401);
        assertThat(status(token + ".x")).isEqualTo(401);
    }

    @Test
    void onlyTheAlgorithmThatWeWriteIsTaken() throws Exception {
        String kid = SignedJWT.parse(token("ann", "")).getHeader().getKeyID();
        byte[] secret = secret(kid);
        JWTClaimsSet claims = claims(platform.clock().instant()).build();
        assertThat(status(sign(JWSAlgorithm.HS256, "jbl-unknown", secret, claims))).isEqualTo(401);
        byte[] longer = new byte[64];
        System.arraycopy(secret, 0, longer, 0, secret.length);
        assertThat(status(sign(JWSAlgorithm.HS512, kid, longer, claims))).isEqualTo(401);
        assertThat(status(new PlainJWT(claims).serialize())).isEqualTo(401);
    }

    @Test
    void aForgedClaimUnderTheRightKeyIsStillJudged() throws Exception {
        TokenForge forge = new TokenForge();
        Instant now = platform.clock().instant();
        assertThat(status(forge.token(claims(now).build()))).isEqualTo(200);
        assertThat(status(forge.token(claims(now).issuer("other").build()))).isEqualTo(401);
        assertThat(status(forge.token(claims(now).claim("role", "admin").build()))).isEqualTo(401);
        assertThat(
                        status(
                                forge.token(
                                        claims(now)
                                                .notBeforeTime(Date.from(now.plusSeconds(5)))
                                                .build())))
                .isEqualTo(401);
        assertThat(status(forge.token(claims(now).expirationTime(null).build()))).isEqualTo(401);
        assertThat(status(forge.token(claims(now).subject("x".repeat(65)).build()))).isEqualTo(401);
    }

    /** Signs with the platform's own secret, under the header as the platform writes it. */
    private final class TokenForge {
        String token(JWTClaimsSet claims) throws Exception {
            String ours = PlayerTokensTest.this.token("someone", "");
            String header = ours.substring(0, ours.indexOf('.'));
            SignedJWT parsed = SignedJWT.parse(ours);
            SignedJWT jwt =
                    new SignedJWT(JWSHeader.parse(parsed.getHeader().toBase64URL()), claims);
            jwt.sign(new MACSigner(secret(parsed.getHeader().getKeyID())));
            assertThat(jwt.serialize()).startsWith(header + ".");
            return jwt.serialize();
        }
    }

    @Test
    void anotherInstanceTakesATokenAtOnceAndAfterTheKeyHasRotated(@TempDir Path elsewhere)
            throws Exception {
        try (Instance two = new Instance(platform, elsewhere, Instance.SETTINGS, false)) {
            String before = token("ann", ",\"ttl_seconds\":20000");
            assertThat(two.statusOf("Bearer " + before)).isEqualTo(200);
            platform.clock().advance(Duration.ofHours(24));
            String after = token("ann", "");
            assertThat(SignedJWT.parse(after).getHeader().getKeyID())
                    .isNotEqualTo(SignedJWT.parse(before).getHeader().getKeyID());
            assertThat(two.statusOf("Bearer " + after)).isEqualTo(200);
        }
    }

    @Test
    void aTokenOutlivesTheRotationOfItsKey() throws Exception {
        token("ann", "");
        platform.clock().advance(Duration.ofHours(23));
        String late = token("ann", ",\"ttl_seconds\":21600");
        platform.clock().advance(Duration.ofHours(5));
        token("bob", "");
        assertThat(status(late)).isEqualTo(200);
    }

    @Test
    void aTokenLivesAsLongAsItSaysAfterLongerOnesWereAllowed() throws Exception {
        token("ann", "");
        platform.clock().advance(Duration.ofHours(23));
        restart(Duration.ofDays(7), Duration.ofHours(24));
        String late = token("ann", ",\"ttl_seconds\":604800");
        platform.clock().advance(Duration.ofHours(167));
        token("bob", "");
        assertThat(status(late)).isEqualTo(200);
    }

    @Test
    void theNewestKeyIsFollowedThoughAnOlderOneWouldDo() throws Exception {
        restart(Duration.ofDays(7), Duration.ofHours(24));
        token("ann", "");
        platform.clock().advance(Duration.ofHours(2));
        restart(Duration.ofHours(1), Duration.ofHours(1));
        token("ann", "");
        platform.clock().advance(Duration.ofHours(1));
        restart(Duration.ofDays(7), Duration.ofHours(24));

        String week = token("ann", ",\"ttl_seconds\":604800");

        platform.clock().advance(Duration.ofHours(167));
        token("bob", "");
        assertThat(status(week)).isEqualTo(200);
    }

    private void restart(Duration longest, Duration rotation) {
        one.close();
        one =
                new Instance(
                        platform,
                        home,
                        new CredentialSettings(Duration.ofHours(1), longest, rotation, null),
                        true);
    }

    @Test
    void instancesThatRotateAtTheSameMomentMakeOneKey(@TempDir Path elsewhere) throws Exception {
        try (Instance two = new Instance(platform, elsewhere, Instance.SETTINGS, false)) {
            platform.clock().advance(Duration.ofHours(24));
            Set<String> kids = java.util.Collections.synchronizedSet(new HashSet<>());
            Thread[] racing = new Thread[8];
            for (int i = 0; i < racing.length; i++) {
                Instance instance = i % 2 == 0 ? one : two;
                racing[i] =
                        Thread.ofVirtual()
                                .start(() -> {
                                    try {
                                        String made =
                                                instance.server
                                                        .post(
                                                                "/tokens",
                                                                "{\"user_id\":\"x\"}",
                                                                "Authorization",
                                                                one.asAdmin())
                                                        .body();
                                        kids.add(
                                                SignedJWT.parse(
                                                                Json.tree(made)
                                                                        .path("token")
                                                                        .stringValue())
                                                        .getHeader()
                                                        .getKeyID());
                                    } catch (Exception e) {
                                        kids.add(e.toString());
                                    }
                                });
            }
            for (Thread thread : racing) {
                thread.join();
            }
            assertThat(kids).hasSize(1);
        }
    }

    @Test
    void tokensAreMadeByServicesOnlyAndNotForLongerThanAllowed() throws Exception {
        String player = "Bearer " + token("ann", "");
        assertThat(
                        one.server
                                .post("/tokens", "{\"user_id\":\"bob\"}", "Authorization", player)
                                .statusCode())
                .isEqualTo(403);
        assertThat(
                        one.server
                                .post(
                                        "/tokens",
                                        "{\"user_id\":\"bob\",\"ttl_seconds\":21601}",
                                        "Authorization",
                                        one.asAdmin())
                                .statusCode())
                .isEqualTo(422);
    }

    @Test
    void aTokenIsMadeOnlyForWhatCanBeAPlayersId() throws Exception {
        for (String id : java.util.List.of("tab\\t", "x".repeat(65), "")) {
            assertThat(
                            one.server
                                    .post(
                                            "/tokens",
                                            "{\"user_id\":\"" + id + "\"}",
                                            "Authorization",
                                            one.asAdmin())
                                    .statusCode())
                    .as(id)
                    .isEqualTo(422);
        }
    }
}
