package dev.jubilee.server.http;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A refusal, as RFC 9457 problem details.
 *
 * @param code stable and machine-readable, {@code snake_case}; also the last segment of the
 *     problem's type
 * @param detail for the human who reads it: what was found and what was expected; nothing internal
 * @param errors every faulty field at once; empty when the fault is not in a field
 * @param retryAfter sent as {@code Retry-After} when the same request may succeed later
 */
public record Problem(
        int status,
        String code,
        String title,
        String detail,
        List<FieldError> errors,
        @Nullable Duration retryAfter) {
    /** The most faults that are named, however many there are. */
    public static final int MAX_ERRORS = 100;

    /**
     * One faulty field: its path in the request ({@code rewards[0].reward_type}), and what is wrong
     * with it.
     */
    public record FieldError(String field, String message) {}

    private static Problem of(int status, String code, String title, String detail) {
        return new Problem(status, code, title, detail, List.of(), null);
    }

    /** 400: not readable as what the route takes. */
    public static Problem malformed(String detail) {
        return of(400, "malformed_request", "Malformed request", detail);
    }

    /** 401: no or no valid credentials. */
    public static Problem unauthenticated(String detail) {
        return of(401, "unauthenticated", "Credentials are missing or not valid", detail);
    }

    /** 403: known, but not allowed. */
    public static Problem forbidden(String detail) {
        return of(403, "forbidden", "Not allowed", detail);
    }

    /** 404: {@code notFound("event", "boss_rush")}. */
    public static Problem notFound(String kind, String id) {
        return of(
                404,
                kind + "_not_found",
                "Not found",
                "There is no " + kind.replace('_', ' ') + " \"" + id + "\".");
    }

    /** 405, with the methods that the path takes. */
    public static Problem methodNotAllowed(String detail) {
        return of(405, "method_not_allowed", "Method not allowed", detail);
    }

    /** 409: the state of things does not permit it. */
    public static Problem conflict(String code, String detail) {
        return of(409, code, "Conflict with the present state", detail);
    }

    /** 413. */
    public static Problem tooLarge(String detail) {
        return of(413, "payload_too_large", "Payload too large", detail);
    }

    /** 414. */
    public static Problem uriTooLong(String detail) {
        return of(414, "uri_too_long", "URI too long", detail);
    }

    /** 415. */
    public static Problem unsupportedMediaType(String detail) {
        return of(415, "unsupported_media_type", "Unsupported media type", detail);
    }

    /** 422: readable, but these fields are wrong. Of many, the first hundred are named. */
    public static Problem invalid(List<FieldError> errors) {
        return invalid(errors, 0);
    }

    /**
     * The same, for one who stopped to keep them.
     *
     * @param more how many there are beside those
     */
    public static Problem invalid(List<FieldError> errors, int more) {
        int named = Math.min(errors.size(), MAX_ERRORS);
        return new Problem(
                422,
                "validation_failed",
                "Some fields are not valid",
                count(named, errors.size() - named + more),
                List.copyOf(errors.subList(0, named)),
                null);
    }

    private static String count(int named, int more) {
        if (more > 0) {
            return String.format(
                    Locale.ROOT,
                    "%,d fields are not valid: those that are named here and %,d more.",
                    named + more,
                    more);
        }
        return named == 1 ? "1 field is not valid." : named + " fields are not valid.";
    }

    /** 422 for one field. */
    public static Problem invalid(String field, String message) {
        return invalid(List.of(new FieldError(field, message)));
    }

    /** 422 that is not the fault of one field. */
    public static Problem refused(String code, String detail) {
        return of(422, code, "Refused", detail);
    }

    /** 429. */
    public static Problem tooManyRequests(String detail, Duration retryAfter) {
        return new Problem(429, "rate_limited", "Too many requests", detail, List.of(), retryAfter);
    }

    /** 431. */
    public static Problem headersTooLarge(String detail) {
        return of(431, "headers_too_large", "Request header fields too large", detail);
    }

    /** 500: ours. The cause goes to the log under the correlation id, never outward. */
    public static Problem internal() {
        return of(
                500,
                "internal_error",
                "Internal error",
                "Something went wrong on our side; it has been logged.");
    }

    /** 503: try again later. */
    public static Problem unavailable(String code, String detail, Duration retryAfter) {
        return new Problem(503, code, "Temporarily unavailable", detail, List.of(), retryAfter);
    }

    /** Throws it, for the places where a result type would only be handed through. */
    public ProblemException asException() {
        return new ProblemException(this);
    }
}
