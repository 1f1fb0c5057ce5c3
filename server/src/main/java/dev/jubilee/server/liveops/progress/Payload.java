package dev.jubilee.server.liveops.progress;

import dev.jubilee.server.json.Json;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * An event's payload, for rules to look into. A tree takes up to 27 times its bytes, and a batch
 * has thousands: beyond a budget only the tree that was asked for last is kept, which serves all
 * rules that look at one event in turn. For one thread.
 */
final class Payload {
    private final byte[] json;
    private final Budget budget;
    private final @Nullable JsonNode kept;

    private Payload(byte[] json, Budget budget, @Nullable JsonNode kept) {
        this.json = json;
        this.budget = budget;
        this.kept = kept;
    }

    /** Bytes of payloads whose trees may be kept. For one thread. */
    static final class Budget {
        private long left;
        private @Nullable Payload last;
        private @Nullable JsonNode lastTree;

        Budget(long bytes) {
            this.left = bytes;
        }

        private JsonNode tree(Payload of) {
            JsonNode tree = lastTree;
            if (tree == null || last != of) {
                tree = read(of.json);
                remember(of, tree);
            }
            return tree;
        }

        private void remember(Payload of, JsonNode tree) {
            last = of;
            lastTree = tree;
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
        if (budget.takes(json.length)) {
            return new Payload(json, budget, tree);
        }
        Payload large = new Payload(json, budget, null);
        budget.remember(large, tree);
        return large;
    }

    JsonNode tree() {
        return kept == null ? budget.tree(this) : kept;
    }

    private static JsonNode read(byte[] json) {
        return json.length == 0 ? Json.mapper().createObjectNode() : Json.foreignTree(json);
    }
}
