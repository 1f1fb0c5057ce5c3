package dev.jubilee.server.bus.delivery.sending;

import com.rabbitmq.client.Return;
import dev.jubilee.server.http.client.Outcome;
import java.time.Duration;
import java.util.Map;
import java.util.NavigableMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;

/** The messages on one channel that RabbitMQ has not confirmed yet. Thread-safe. */
final class RabbitConfirms {
    /** The header that says for whom a message is. */
    static final String SUBSCRIPTION = "subscription_id";

    private final NavigableMap<Long, Sent> unconfirmed = new ConcurrentSkipListMap<>();

    /** A message that is not confirmed. */
    record Sent(
            String subscription,
            String id,
            long at,
            SendState state,
            CompletableFuture<Outcome> outcome) {
        void failed(String reason) {
            outcome.complete(new Outcome.Failed(reason, took()));
        }

        void notSent(String reason) {
            outcome.complete(new Outcome.Unsent(reason, took()));
        }

        /** The time is over in which it had to be sent and confirmed. */
        void expired(Duration timeout) {
            if (state.giveUp()) {
                notSent("not sent in " + timeout.toSeconds() + " s");
            } else {
                failed("no confirmation in " + timeout.toSeconds() + " s");
            }
        }

        Duration took() {
            return Duration.ofNanos(System.nanoTime() - at);
        }
    }

    /** The message is about to be sent under this number. */
    void await(long number, Sent sent) {
        unconfirmed.put(number, sent);
        var _ = sent.outcome().whenComplete((outcome, failure) -> unconfirmed.remove(number));
    }

    /** Comes before the confirmation of the same message. */
    void unroutable(Return returned) {
        // Others may have been sent the same event.
        String id = returned.getProperties().getMessageId();
        Map<String, Object> headers = returned.getProperties().getHeaders();
        String subscription = headers == null ? "" : String.valueOf(headers.get(SUBSCRIPTION));
        unconfirmed.values().stream()
                .filter(one -> one.id().equals(id) && one.subscription().equals(subscription))
                .forEach(one -> one.failed("no queue takes it"));
    }

    /**
     * @param multiple whether the numbers before are meant as well
     */
    void confirmed(long number, boolean multiple, boolean good) {
        NavigableMap<Long, Sent> meant =
                multiple
                        ? unconfirmed.headMap(number, true)
                        : unconfirmed.subMap(number, true, number, true);
        meant.values()
                .forEach(one -> {
                    if (good) {
                        one.outcome().complete(new Outcome.Kept("confirmed", one.took()));
                    } else {
                        one.failed("RabbitMQ did not take it");
                    }
                });
    }

    void allFailed(String reason) {
        unconfirmed.values().forEach(one -> one.failed(reason));
    }
}
