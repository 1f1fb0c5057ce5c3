package dev.jubilee.server.liveops.participation;

import dev.jubilee.events.postgres.LaneRefusal;
import dev.jubilee.events.postgres.OutcomeUnknown;
import dev.jubilee.server.database.GatheredReads;
import dev.jubilee.server.http.Problem;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** How refusals are told over HTTP. */
final class RefusalAnswers {
    private static final Duration SOON = Duration.ofSeconds(1);

    private RefusalAnswers() {}

    static Problem of(JoinResult.Reason reason, String eventId) {
        return switch (reason) {
            case NO_SUCH_EVENT -> Problem.notFound("event", eventId);
            case NOT_ACTIVE -> notActive(eventId);
            case FULL ->
                    Problem.conflict("event_full", "Every place in \"" + eventId + "\" is taken.");
            case REQUIREMENTS_NOT_MET ->
                    Problem.refused(
                            "requirements_not_met",
                            "The player does not meet the requirements of \"" + eventId + "\".");
        };
    }

    static Problem of(LeaveResult.Reason reason, String eventId) {
        return switch (reason) {
            case NO_SUCH_EVENT -> Problem.notFound("event", eventId);
            case ENDED ->
                    Problem.conflict(
                            "event_ended",
                            "\"" + eventId + "\" has ended; what was reached in it stands.");
        };
    }

    static Problem of(AmendResult.Reason reason, String eventId, String userId) {
        return switch (reason) {
            case NOT_ACTIVE -> notActive(eventId);
            case NOT_IN -> Problem.notFound("participant", userId);
        };
    }

    /** What a failed stage tells; anything that is no refusal is thrown on. */
    static Problem of(@Nullable Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException wrapped ? wrapped.getCause() : failure;
        return switch (cause) {
            case LaneRefusal _, GatheredReads.Overloaded _ -> overloaded();
            case OutcomeUnknown _ ->
                    Problem.unavailable(
                            "outcome_unknown",
                            "Whether it was done is not known; the same request again tells.",
                            SOON);
            case null, default -> throw new CompletionException(cause);
        };
    }

    static Problem overloaded() {
        return Problem.unavailable("overloaded", "Too much is waiting; nothing was done.", SOON);
    }

    private static Problem notActive(String eventId) {
        return Problem.conflict("event_not_active", "\"" + eventId + "\" does not run now.");
    }
}
