package dev.jubilee.server.bus.subscriptions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.server.bus.delivery.TestSubscriptions;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is opened is remembered, but never taken for what was sealed later or elsewhere. */
class SubscriptionSecretsTest {
    private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");

    @TempDir private Path home;

    @Test
    void aTokenIsTheOneThatWasSealedLast() {
        SubscriptionSecrets secrets = secrets();
        Subscription bare = TestSubscriptions.single();
        Subscription first = bare.withSecrets(secrets.sealToken(bare, "one"), null);
        Subscription second = bare.withSecrets(secrets.sealToken(bare, "two"), null);

        assertThat(secrets.authToken(bare)).isNull();
        for (int time = 0; time < 2; time++) {
            assertThat(secrets.authToken(first)).isEqualTo("one");
            assertThat(secrets.authToken(second)).isEqualTo("two");
        }
    }

    @Test
    void aRotatedSecretSignsAtOnceAndThatBeforeItForAWhile() {
        SubscriptionSecrets secrets = secrets();
        Subscription bare = TestSubscriptions.single();
        SigningSecrets made = secrets.make();
        Subscription before = bare.withSecrets(null, secrets.seal(bare, made));
        assertThat(secrets.signing(before, NOW)).isEqualTo(made.secrets());

        SigningSecrets rotated = secrets.rotated(before, NOW);
        Subscription after = bare.withSecrets(null, secrets.seal(bare, rotated));

        assertThat(secrets.signing(after, NOW)).hasSize(2);
        assertThat(secrets.signing(after, NOW).getFirst().text()).isEqualTo(rotated.newest());
        assertThat(secrets.signing(after, NOW.plus(SigningSecrets.OVERLAP)))
                .containsExactly(rotated.secrets().getFirst());
    }

    @Test
    void whatWasSealedForSomethingElseIsNotOpened() {
        SubscriptionSecrets secrets = secrets();
        Subscription bare = TestSubscriptions.single();
        Subscription own = bare.withSecrets(secrets.sealToken(bare, "one"), null);
        assertThat(secrets.authToken(own)).isEqualTo("one");

        Subscription swapped = bare.withSecrets(null, own.authToken());

        assertThatThrownBy(() -> secrets.signing(swapped, NOW))
                .isInstanceOf(SecretBox.Undecipherable.class);
    }

    private SubscriptionSecrets secrets() {
        return new SubscriptionSecrets(SecretBox.open(home, null));
    }
}
