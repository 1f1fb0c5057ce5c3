package dev.jubilee.server.bus.delivery.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.subscriptions.DeliveryMethod;
import dev.jubilee.server.bus.subscriptions.RetryPolicy;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.http.client.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class OutcomeClassifierTest {
    private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");

    private final OutcomeClassifier classifier = new OutcomeClassifier(new SplittableRandom(1));

    static List<Outcome> whatSentNothing() {
        return List.of(
                new Outcome.Unsent("the endpoint refused the connection", Duration.ZERO),
                new Outcome.Refused("the address is not allowed"));
    }

    @Test
    void whatADefectKeepsFromBeingSentIsTriedForAboutAnHour() {
        Outcome outcome = new Outcome.Broken(new IllegalStateException("a defect"));
        Duration all = Duration.ZERO;
        for (int times = 1; times < OutcomeClassifier.MOST_BROKEN; times++) {
            OutcomeClassifier.Verdict verdict =
                    classifier.classify(withoutAck(), times, outcome, NOW);
            assertThat(verdict.unwell()).as("of the endpoint nothing is known").isFalse();
            all = all.plus(Duration.between(NOW, verdict.retryAt()));
        }

        OutcomeClassifier.Verdict last =
                classifier.classify(withoutAck(), OutcomeClassifier.MOST_BROKEN, outcome, NOW);

        assertThat(last.good()).isFalse();
        assertThat(last.retryAt()).isNull();
        assertThat(all).isBetween(Duration.ofMinutes(55), Duration.ofMinutes(65));
    }

    static List<Outcome> whatWasSent() {
        return List.of(
                new Outcome.Answered(500, "", null, Duration.ZERO),
                new Outcome.Failed("no answer", Duration.ZERO));
    }

    @ParameterizedTest
    @MethodSource("whatSentNothing")
    void whatWasNeverSentIsTriedAgainThoughNoAnswerIsAskedFor(Outcome outcome) {
        OutcomeClassifier.Verdict verdict = classifier.classify(withoutAck(), 1, outcome, NOW);

        assertThat(verdict.good()).isFalse();
        assertThat(verdict.retryAt()).isEqualTo(NOW.plusSeconds(60));
    }

    @Test
    void whatCanNeverBeSentIsGivenUpThoughNoAnswerIsAskedFor() {
        Outcome outcome = new Outcome.Unsent("the endpoint refused the connection", Duration.ZERO);

        OutcomeClassifier.Verdict verdict = classifier.classify(withoutAck(), 3, outcome, NOW);

        assertThat(verdict.good()).isFalse();
        assertThat(verdict.retryAt()).isNull();
    }

    @ParameterizedTest
    @MethodSource("whatWasSent")
    void whatWasSentIsSentOnceWhereNoAnswerIsAskedFor(Outcome outcome) {
        assertThat(classifier.classify(withoutAck(), 1, outcome, NOW).good()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "120, 120",
        "'Sun, 22 Nov 2026 12:02:00 GMT', 120",
        "'Sun, 22 Nov 2026 11:00:00 GMT', 60",
        "'Mon, 23 Nov 2026 12:00:00 GMT', 3600",
        "later, 60",
    })
    void anEndpointThatAsksToWaitIsTriedAgainNoSooner(String retryAfter, int seconds) {
        Outcome outcome = new Outcome.Answered(503, "", retryAfter, Duration.ZERO);

        assertThat(classifier.classify(subscription(true), 1, outcome, NOW).retryAt())
                .isEqualTo(NOW.plusSeconds(seconds));
    }

    private static Subscription withoutAck() {
        return subscription(false);
    }

    private static Subscription subscription(boolean requiresAck) {
        return new Subscription(
                UUID.randomUUID(),
                "service",
                "#",
                List.of(),
                DeliveryMethod.WEBHOOK,
                "http://localhost/hook",
                null,
                null,
                null,
                new RetryPolicy(2, Duration.ofSeconds(60), null),
                0,
                new Subscription.Batching(false, 1, Duration.ofSeconds(1)),
                requiresAck,
                Duration.ofSeconds(30),
                Subscription.Ordering.KEY,
                "now",
                Map.of(),
                null,
                new Subscription.State(
                        Subscription.Status.ACTIVE, null, "closed", null, NOW, NOW, NOW, 0));
    }
}
