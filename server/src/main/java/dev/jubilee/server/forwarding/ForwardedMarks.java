package dev.jubilee.server.forwarding;

import dev.jubilee.events.Envelope;
import java.util.Map;
import org.apache.kafka.common.header.Headers;

/**
 * The extension attributes that mark a copy of an event which the bus itself sent on to a topic.
 * Publishers cannot set them. The original is stored and counted where it was published, so a copy
 * is neither stored nor counted, and is not sent on again.
 */
public final class ForwardedMarks {
    /** The id of the replay that sent it on. */
    public static final String REPLAY = "replayid";

    /** The id of the subscription that has it written to its topic. */
    public static final String RELAY = "routedby";

    private static final String REPLAY_HEADER = "ce_" + REPLAY;
    private static final String RELAY_HEADER = "ce_" + RELAY;

    private ForwardedMarks() {}

    /** Whether the event bears a mark. */
    public static boolean areIn(Envelope event) {
        Map<String, String> extensions = event.extensions();
        return !extensions.isEmpty()
                && (extensions.containsKey(REPLAY) || extensions.containsKey(RELAY));
    }

    /** Whether the event that a record with these headers carries bears a mark. */
    public static boolean areIn(Headers headers) {
        return headers.lastHeader(REPLAY_HEADER) != null
                || headers.lastHeader(RELAY_HEADER) != null;
    }
}
