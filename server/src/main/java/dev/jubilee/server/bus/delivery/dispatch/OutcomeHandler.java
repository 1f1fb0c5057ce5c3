package dev.jubilee.server.bus.delivery.dispatch;

import dev.jubilee.events.EventId;
import dev.jubilee.server.bus.delivery.attempts.Attempt;
import dev.jubilee.server.bus.delivery.attempts.DeliveryMetrics;
import dev.jubilee.server.bus.delivery.attempts.Recorder;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.sending.Shipment;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.http.client.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.SplittableRandom;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Applies the outcomes of shipments: to the queue, the record of attempts and the subscription. For
 * the dispatcher's thread.
 */
final class OutcomeHandler {
    private static final Logger log = LoggerFactory.getLogger(OutcomeHandler.class);

    private final OutcomeClassifier classifier = new OutcomeClassifier(new SplittableRandom());
    private final Recorder recorder;
    private final DeliveryMetrics metrics;
    private final EndpointGone gone;
    private final EventId ids;

    /** An endpoint asked never to be called again. */
    @FunctionalInterface
    interface EndpointGone {
        /**
         * @param to the subscription that led there
         * @param why we think so
         */
        void gone(SubscriberQueue queue, Subscription to, String why);
    }

    /**
     * @param gone is told of endpoints that asked never to be called again
     */
    OutcomeHandler(Recorder recorder, DeliveryMetrics metrics, EndpointGone gone, EventId ids) {
        this.recorder = recorder;
        this.metrics = metrics;
        this.gone = gone;
        this.ids = ids;
    }

    /**
     * Applies the outcome of a shipment.
     *
     * @param to the subscription as it was when the shipment was sent
     * @param leadsThere whether it was sent to the endpoint that the subscription has now; the
     *     outcome of a former endpoint says nothing of this one
     */
    void apply(
            SubscriberQueue queue,
            Subscription to,
            boolean leadsThere,
            Shipment shipment,
            Outcome outcome,
            Instant now) {
        Subscription subscription = queue.subscription();
        int attempts = shipment.attempts() + (outcome instanceof Outcome.Broken ? 0 : 1);
        int tries = outcome instanceof Outcome.Broken it ? broke(queue, shipment, it) : attempts;
        OutcomeClassifier.Verdict verdict = classifier.classify(subscription, tries, outcome, now);
        if (!leadsThere) {
            verdict = verdict.dueBy(now);
        }
        boolean telling = leadsThere && !(outcome instanceof Outcome.Broken);
        CircuitBreaker.State before = queue.breaker.state();
        if (!telling) {
            log.debug("what came of a shipment says nothing of the subscription's endpoint");
        } else if (verdict.unwell()) {
            queue.breaker.failed(now, isEndpoints(outcome, verdict) ? null : shipment.culprit());
            queue.shrink();
        } else {
            queue.breaker.succeeded();
            queue.grow();
        }
        if (telling && verdict.restUntil() != null) {
            queue.restUntil(verdict.restUntil());
        }
        Attempt.End end = end(queue, outcome, verdict);
        for (Delivery one : shipment.deliveries()) {
            if (end instanceof Attempt.End.Again(Instant _, boolean stays) && !stays) {
                queue.window.leaves(one.id());
            }
            recorder.record(
                    new Recorder.Entry.Tried(
                            Attempt.of(
                                    ids.next(),
                                    one,
                                    new Attempt.Try(subscription.method(), attempts, outcome, now),
                                    verdict.error(),
                                    end)));
            if (attempts == 1 && verdict.good()) {
                metrics.answered(Duration.between(one.acceptedAt(), now));
            }
        }
        settle(queue, shipment, attempts, end, now);
        metrics.attempted(
                subscription.method(), verdict.good() ? "success" : "error", shipment.size());
        recordCircuit(queue, before);
        if (telling && verdict.gone()) {
            gone.gone(queue, to, String.valueOf(verdict.error()));
        }
    }

    /** Returns how often the shipment could not be sent by a defect of our own. */
    private static int broke(SubscriberQueue queue, Shipment shipment, Outcome.Broken outcome) {
        if (!queue.isBroken()) {
            // Once, and again when that is over: whatever is tried meanwhile fails alike.
            log.error(
                    "a defect keeps deliveries to subscription {} from being sent; they are tried"
                            + " again for about an hour",
                    queue.subscription().id(),
                    outcome.cause());
        }
        return queue.broke(shipment);
    }

    /** Whether the endpoint would have failed whatever it had been sent. */
    private static boolean isEndpoints(Outcome outcome, OutcomeClassifier.Verdict verdict) {
        return outcome instanceof Outcome.Unsent || verdict.restUntil() != null;
    }

    /**
     * What becomes of the delivery. One that is to be tried again leaves memory where others need
     * the room. It stays where order is kept, since parking decides there for the whole key, and
     * after a defect of our own, since only memory knows how many there were.
     */
    private static Attempt.End end(
            SubscriberQueue queue, Outcome outcome, OutcomeClassifier.Verdict verdict) {
        if (verdict.good()) {
            return new Attempt.End.Delivered();
        }
        if (verdict.retryAt() == null) {
            return new Attempt.End.Dead(String.valueOf(verdict.error()));
        }
        boolean ordered = queue.subscription().ordering() == Subscription.Ordering.KEY;
        boolean crowded = queue.window.isBehind() || queue.window.isCrowded();
        boolean broken = outcome instanceof Outcome.Broken;
        return new Attempt.End.Again(verdict.retryAt(), ordered || broken || !crowded);
    }

    private void settle(
            SubscriberQueue queue, Shipment shipment, int attempts, Attempt.End end, Instant now) {
        switch (end) {
            case Attempt.End.Delivered _ -> queue.finished(shipment, now);
            case Attempt.End.Dead _ -> {
                metrics.died(shipment.size());
                queue.finished(shipment, now);
            }
            case Attempt.End.Again(Instant due, boolean stays) -> {
                if (stays) {
                    queue.again(shipment.after(attempts, due));
                } else {
                    // Once it is written the recorder says that it waits.
                    queue.finished(shipment, now);
                }
            }
        }
    }

    /** Records the state of the circuit, if it has changed. */
    void recordCircuit(SubscriberQueue queue, CircuitBreaker.State before) {
        CircuitBreaker.State after = queue.breaker.state();
        if (before != after && !queue.hasEnded()) {
            UUID id = queue.subscription().id();
            log.info("the circuit of subscription {} is {}", id, after.text());
            recorder.record(new Recorder.Entry.Circuit(id, after.text(), queue.breaker.until()));
        }
    }
}
