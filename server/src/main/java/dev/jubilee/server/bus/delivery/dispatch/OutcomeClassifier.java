package dev.jubilee.server.bus.delivery.dispatch;

import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.http.client.Outcome;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Decides what follows from an outcome: success, another try, or a dead letter. Thread-safe. */
final class OutcomeClassifier {
    private static final Duration LONGEST_REST = Duration.ofHours(1);
    private static final Duration REST = Duration.ofSeconds(5);

    /** With the pauses between them, this many tries take about an hour. */
    static final int MOST_BROKEN = 20;

    private static final Duration FIRST_PAUSE_BROKEN = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE_BROKEN = Duration.ofMinutes(5);

    private final RandomGenerator random;

    OutcomeClassifier(RandomGenerator random) {
        this.random = random;
    }

    /**
     * The consequence of an outcome.
     *
     * @param good the subscriber has it
     * @param retryAt when to try again; null when no more, or when it is good
     * @param restUntil the endpoint asked to be left alone until then
     * @param gone the endpoint asked never to be called again
     * @param unwell the endpoint itself is in trouble, whatever it is sent
     */
    record Verdict(
            boolean good,
            @Nullable Instant retryAt,
            @Nullable Instant restUntil,
            boolean gone,
            boolean unwell,
            @Nullable String error) {

        /** The same, tried again then at the latest. */
        Verdict dueBy(Instant latest) {
            boolean later = retryAt != null && retryAt.isAfter(latest);
            return later ? new Verdict(good, latest, restUntil, gone, unwell, error) : this;
        }
    }

    /**
     * @param attempts which try this was, from 1: of those that the endpoint has had, or of those
     *     that a defect kept from it
     */
    Verdict classify(Subscription subscription, int attempts, Outcome outcome, Instant now) {
        Verdict verdict =
                switch (outcome) {
                    case Outcome.Answered answer -> answered(subscription, attempts, answer, now);
                    case Outcome.Kept _ -> new Verdict(true, null, null, false, false, null);
                    case Outcome.Failed(String reason, Duration _) ->
                            again(subscription, attempts, now, null, true, reason);
                    case Outcome.Unsent(String reason, Duration _) ->
                            again(subscription, attempts, now, null, true, reason);
                    case Outcome.Refused(String reason) ->
                            again(subscription, attempts, now, null, false, reason);
                    case Outcome.Broken broken -> broken(attempts, broken, now);
                };
        boolean sentOnce = !subscription.requiresAck() && !verdict.gone() && wasSent(outcome);
        return sentOnce
                ? new Verdict(
                        true, null, verdict.restUntil(), false, verdict.unwell(), verdict.error())
                : verdict;
    }

    private static boolean wasSent(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Answered _, Outcome.Kept _, Outcome.Failed _ -> true;
            case Outcome.Unsent _, Outcome.Refused _, Outcome.Broken _ -> false;
        };
    }

    private Verdict answered(
            Subscription subscription, int attempts, Outcome.Answered answer, Instant now) {
        int status = answer.status();
        if (status >= 200 && status < 300) {
            return new Verdict(true, null, null, false, false, null);
        }
        if (status == 410) {
            return new Verdict(false, now, null, true, false, "the endpoint is gone: 410");
        }
        if (status == 429 || status == 503) {
            Instant rest = restUntil(answer.retryAfter(), now);
            return again(
                    subscription,
                    attempts,
                    now,
                    rest,
                    true,
                    "the endpoint asks to wait: " + status);
        }
        String error =
                status >= 300 && status < 400
                        ? "the endpoint redirects, which is not followed: " + status
                        : "the endpoint answered " + status;
        return again(subscription, attempts, now, null, status >= 500, error);
    }

    private Verdict again(
            Subscription subscription,
            int attempts,
            Instant now,
            @Nullable Instant rest,
            boolean unwell,
            String error) {
        Instant retry = null;
        if (subscription.retry().allowsAfter(attempts)) {
            retry = now.plus(subscription.retry().pauseAfter(attempts, random));
            retry = rest != null && rest.isAfter(retry) ? rest : retry;
        }
        return new Verdict(false, retry, rest, false, unwell, error);
    }

    /**
     * A defect of our own has a schedule of its own: the subscription's retries say nothing of when
     * a defect is mended.
     */
    private static Verdict broken(int times, Outcome.Broken outcome, Instant now) {
        if (times >= MOST_BROKEN) {
            String error = outcome.reason() + ", " + times + " times; the log says more";
            return new Verdict(false, null, null, false, false, error);
        }
        Duration pause = FIRST_PAUSE_BROKEN.multipliedBy(1L << (times - 1));
        pause = pause.compareTo(LONGEST_PAUSE_BROKEN) < 0 ? pause : LONGEST_PAUSE_BROKEN;
        return new Verdict(false, now.plus(pause), null, false, false, outcome.reason());
    }

    /** Seconds, or a date as HTTP writes it. */
    private static Instant restUntil(@Nullable String retryAfter, Instant now) {
        Instant wanted = now.plus(REST);
        if (retryAfter != null) {
            String text = retryAfter.strip();
            try {
                wanted =
                        text.matches("[0-9]{1,9}")
                                ? now.plusSeconds(Long.parseLong(text))
                                : ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME)
                                        .toInstant();
            } catch (DateTimeException e) {
                // Neither: the default rest.
            }
        }
        Instant latest = now.plus(LONGEST_REST);
        return wanted.isAfter(latest) ? latest : wanted;
    }
}
