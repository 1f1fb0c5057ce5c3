package dev.jubilee.server.bus.delivery.attempts;

import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.store.StoredText;
import dev.jubilee.server.bus.subscriptions.DeliveryMethod;
import dev.jubilee.server.http.client.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One try to deliver one event, as it is recorded.
 *
 * @param delivery without its body: many attempts may wait to be written
 * @param status one of delivered, failed and dead
 * @param at when its answer came
 */
public record Attempt(
        UUID id,
        Delivery delivery,
        int number,
        String method,
        String status,
        @Nullable Integer statusCode,
        @Nullable String response,
        @Nullable String error,
        Duration took,
        Instant at,
        End end) {

    private static final int MAX_TEXT = 2_000;
    private static final String UNKEPT = "what was said of it cannot be kept";

    /**
     * A try as it happened.
     *
     * @param number how many the endpoint has had, with this one if it had it
     * @param at when its answer came
     */
    public record Try(DeliveryMethod method, int number, Outcome outcome, Instant at) {}

    /** One of the deliveries of a try, as it is recorded. */
    public static Attempt of(
            UUID id, Delivery delivery, Try made, @Nullable String error, End end) {
        Integer status = null;
        String response = null;
        Duration took = Duration.ZERO;
        if (made.outcome() instanceof Outcome.Answered answer) {
            status = answer.status();
            response = clip(answer.body());
            took = answer.took();
        } else if (made.outcome() instanceof Outcome.Kept kept) {
            response = clip(kept.answer());
            took = kept.took();
        } else if (made.outcome() instanceof Outcome.Failed failure) {
            took = failure.took();
        } else if (made.outcome() instanceof Outcome.Unsent unsent) {
            took = unsent.took();
        }
        String text =
                switch (end) {
                    case End.Delivered _ -> "delivered";
                    case End.Again _ -> "failed";
                    case End.Dead _ -> "dead";
                };
        return new Attempt(
                id,
                delivery.withoutBody(),
                made.number(),
                made.method().text(),
                text,
                status,
                response,
                error == null ? null : clip(error),
                took,
                made.at(),
                end);
    }

    /** About how many bytes of memory it takes. */
    int bytes() {
        return Delivery.OVERHEAD
                + (response == null ? 0 : response.length())
                + (error == null ? 0 : error.length());
    }

    /** Whether it holds what the endpoint said, or was said of it. */
    boolean saysSomething() {
        return response != null || error != null;
    }

    /** The same without the endpoint's answer and the error. */
    Attempt withoutWords() {
        End silent = end instanceof End.Dead ? new End.Dead(UNKEPT) : end;
        return new Attempt(
                id, delivery, number, method, status, statusCode, null, null, took, at, silent);
    }

    private static @Nullable String clip(String text) {
        return text.isEmpty() ? null : StoredText.clip(text, MAX_TEXT);
    }

    /** What becomes of the delivery. */
    public sealed interface End {
        /** It is owed no more. */
        record Delivered() implements End {}

        /**
         * It is tried again.
         *
         * @param stays in the memory of who delivers
         */
        record Again(Instant due, boolean stays) implements End {}

        /** It is given up. */
        record Dead(String reason) implements End {
            public Dead {
                reason = StoredText.clean(reason);
            }
        }
    }
}
