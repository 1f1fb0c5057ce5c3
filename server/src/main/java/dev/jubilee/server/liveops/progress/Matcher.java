package dev.jubilee.server.liveops.progress;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.IdOrigin;
import dev.jubilee.events.kafka.KafkaEnvelopes;
import dev.jubilee.server.conditions.Scope.EventView;
import dev.jubilee.server.forwarding.ForwardedMarks;
import dev.jubilee.server.security.PlayerId;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.exc.StreamConstraintsException;

/**
 * Finds among records those that rules name. Records that no rule names cost a look at one header.
 */
final class Matcher {
    private static final int MAX_EVENT_ID = 100;

    /** Of payloads in a batch whose trees are kept: several times what is usual. */
    private static final long MAX_KEPT_BYTES = 1 << 20;

    /** The matches, in the order of the records. */
    record Found(List<Candidate> candidates, List<Poisoned> poisoned) {}

    /** A record that a rule names, and that cannot be looked into. */
    record Poisoned(ConsumerRecord<byte[], byte[]> record, String reason) {}

    private Matcher() {}

    static Found match(RuleIndex index, List<ConsumerRecord<byte[], byte[]>> records) {
        Found found = new Found(new ArrayList<>(), new ArrayList<>());
        Payload.Budget budget = new Payload.Budget(MAX_KEPT_BYTES);
        for (ConsumerRecord<byte[], byte[]> record : records) {
            List<RuleIndex.Binding> bindings = index.of(KafkaEnvelopes.typeOf(record));
            // An event that was sent on has its effect where it was published.
            if (!bindings.isEmpty() && !ForwardedMarks.areIn(record.headers())) {
                read(record, bindings, budget, found);
            }
        }
        return found;
    }

    /**
     * When the bus took the event over. One that a relay brought says when its change was made, but
     * came later: after its occurrence was settled, perhaps. It counts by Kafka's own time.
     */
    private static Instant countsAt(ConsumerRecord<byte[], byte[]> record, Envelope event) {
        if (event.idOrigin() == IdOrigin.RELAYED
                && record.timestampType() == TimestampType.LOG_APPEND_TIME) {
            return Instant.ofEpochMilli(record.timestamp());
        }
        return event.acceptedAt() == null ? event.time() : event.acceptedAt();
    }

    private static void read(
            ConsumerRecord<byte[], byte[]> record,
            List<RuleIndex.Binding> bindings,
            Payload.Budget budget,
            Found found) {
        Envelope event = KafkaEnvelopes.read(record);
        String userId = event.subject();
        if (userId == null) {
            return; // about no player, and so nobody's progress
        }
        Instant at = countsAt(record, event).truncatedTo(ChronoUnit.MICROS);
        EventView view =
                new EventView(event.type(), event.source(), record.topic(), event.time(), userId);
        String fault = faultOf(userId, event.id());
        Payload payload = null;
        boolean unreadable = false;
        for (RuleIndex.Binding binding : bindings) {
            if (!binding.occurrence().covers(at)) {
                continue;
            }
            if (fault != null) {
                found.poisoned().add(new Poisoned(record, fault));
                return;
            }
            if (binding.needsData() && payload == null) {
                if (unreadable) {
                    continue; // whoever does not look into it counts it
                }
                try {
                    payload = Payload.of(event.data(), budget);
                } catch (JacksonException e) {
                    unreadable = true;
                    found.poisoned().add(new Poisoned(record, whyUnreadable(e)));
                    continue;
                }
            }
            found.candidates()
                    .add(
                            new Candidate(
                                    record,
                                    binding,
                                    event.id(),
                                    event.idOrigin(),
                                    userId,
                                    at,
                                    view,
                                    payload));
        }
    }

    private static String whyUnreadable(JacksonException fault) {
        return fault instanceof StreamConstraintsException
                ? "the payload is more JSON than is looked into"
                : "the payload is not JSON: " + fault.getOriginalMessage();
    }

    private static @Nullable String faultOf(String userId, String eventId) {
        if (!PlayerId.isOne(userId)) {
            return "the player's id must have 1 to "
                    + PlayerId.MAX_LENGTH
                    + " characters, none of control and not only blanks";
        }
        return isStorable(eventId, MAX_EVENT_ID)
                ? null
                : "the event's id must have 1 to " + MAX_EVENT_ID + " characters";
    }

    private static boolean isStorable(String id, int max) {
        return !id.isEmpty() && id.codePointCount(0, id.length()) <= max && id.indexOf('\0') < 0;
    }
}
