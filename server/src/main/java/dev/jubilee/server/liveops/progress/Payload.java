package dev.jubilee.server.liveops.progress;

import dev.jubilee.server.json.Json;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * An event's payload, for rules to look into. A tree takes up to 27 times its bytes, and a batch
 * has thousands: beyond a budget trees are not kept, but made again whenever one is asked for.
 */
final class Payload {
    private final byte[] json;
    private final @Nullable JsonNode kept;

    private Payload(byte[] json, @Nullable JsonNode kept) {
        this.json = json;
        this.kept = kept;
    }

    /** Bytes of payloads whose trees may be kept. For one thread. */
    static final class Budget {
        private long left;

        Budget(long bytes) {
            this.left = bytes;
        }

        private boolean takes(int bytes) {
            boolean takes = bytes <= left;
            if (takes) {
                left -= bytes;
            }
            return takes;
        }
    }

    /**
     * @throws JacksonException when it is not JSON, or more of it than is taken
     */
    static Payload of(byte[] json, Budget budget) {
        JsonNode tree = read(json);
        return new Payload(json, budget.takes(json.length) ? tree : null);
    }

    JsonNode tree() {
        return kept == null ? read(json) : kept;
    }

    private static JsonNode read(byte[] json) {
        return json.length == 0 ? Json.mapper().createObjectNode() : Json.foreignTree(json);
    }
}
